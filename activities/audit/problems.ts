import type { AuditReport } from '../../domain/index.ts';

/** What an audit can find. `path` of a problem is the manifest's path where the object has one, else its key in the store. */
export type AuditProblemCode =
  | 'missing-object'
  | 'wrong-hash'
  | 'wrong-size'
  | 'unlisted-object'
  | 'bad-signature'
  | 'untrusted-key'
  | 'manifest-mismatch'
  | 'broken-chain'
  | 'not-in-log'
  | 'history-mismatch'
  | 'gate-mismatch'
  | 'rescore-differs';

export interface AuditProblem {
  code: AuditProblemCode;
  path: string;
  message: string;
}

export function problem(code: AuditProblemCode, path: string, message: string): AuditProblem {
  return { code, path, message };
}

/** L0 where hashes, signature, log and history hold; L1 where every stage's score was recomputed and is the same; null where L0 does not hold. */
export function levelOf(problems: readonly AuditProblem[], rescored: AuditReport['rescored']): AuditReport['level'] {
  if (problems.some(({ code }) => code !== 'rescore-differs')) return null;
  const isAllRecomputed = rescored?.stages.every(({ recomputed }) => recomputed !== null) === true;
  return rescored?.identical && isAllRecomputed ? 'L1' : 'L0';
}
