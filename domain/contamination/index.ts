export * from './base-models.ts';
export { createContaminationCheck, type ContaminationCheck, type TrainingText } from './check.ts';
export * from './report.ts';
