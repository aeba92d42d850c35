export * from './base-models.ts';
export { createContaminationCheck, type ContaminationCheck, type TrainingText } from './check.ts';
export { type CheckedQuestion, startCheckedQuestions } from './questions.ts';
export * from './report.ts';
