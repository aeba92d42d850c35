export { copyContainerLog } from './container.ts';
export { lastLines } from './chunks.ts';
export { takeLease, type Lease } from './lease.ts';
export { followStageLog, readStageLog } from './read.ts';
export { logRedactor, maskedValues } from './redactor.ts';
export { openStageLog, type Redact, type StageLog, type StageLogOptions } from './stage-log.ts';
export { withStageLog } from './within.ts';
