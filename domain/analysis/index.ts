export * from './analysis.ts';
export { analyse, type AnalysisOptions } from './analyse.ts';
export * from './elimination.ts';
export * from './judge.ts';
export * from './judge-prompts.ts';
export * from './judge-summary.ts';
export * from './judge-verdicts.ts';
export { cohenKappa, fleissKappa } from './kappa.ts';
