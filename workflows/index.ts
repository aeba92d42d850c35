export { reproduceSubmission } from './reproduce-submission.ts';
