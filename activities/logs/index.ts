export { copyContainerLog } from './container.ts';
export { followStageLog, readStageLog } from './read.ts';
export { openStageLog, type Redact, type StageLog, type StageLogOptions } from './stage-log.ts';
export { withStageLog } from './within.ts';
