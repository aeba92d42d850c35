import { assignmentRules } from './assignments.ts';
import { cloudRules } from './clouds.ts';
import { forgeRules } from './forges.ts';
import { hubRules } from './hubs.ts';
import { inferenceRules } from './inference.ts';
import type { SecretRule } from './rule.ts';

/** The own rule pack in order of preference: of two findings over the same bytes the earlier rule's stands. */
export const secretRules: readonly SecretRule[] = [...hubRules, ...inferenceRules, ...cloudRules, ...forgeRules, ...assignmentRules];

/** Part of every cache key: raise it when a rule, a judgement or the reading of contents changes. */
export const rulesVersion = 'own-3+secretlint-13.0.7';

export { breadthKeywords, breadthSeverity } from './breadth.ts';
export { caseChanges, entropyBits, isPlaceholder } from './placeholder.ts';
export { publicValues } from './public.ts';
export { expandExample, type SecretRule } from './rule.ts';
export { withCrc32Checksum } from './structure.ts';
