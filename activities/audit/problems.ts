import type { AuditReport } from '../../domain/index.ts';

const fetchAgain = 'Do not rely on this copy: get another one from who made it (`reprise export`, `reprise publish`) and audit that.';
const askSigner = 'Ask who signed it for the statement again; what it says now is nobody’s word.';

/** What an audit can find, and what to do then. */
const nextSteps = {
  'missing-object': fetchAgain,
  'wrong-hash': fetchAgain,
  'wrong-size': fetchAgain,
  'wrong-mode': fetchAgain,
  'unlisted-object': 'Take it away, or do not rely on this copy: nobody has signed it.',
  'bad-signature': askSigner,
  'untrusted-key': 'Give the public key of a signer whom you trust with --key; what a stranger signed proves nothing.',
  'manifest-mismatch': fetchAgain,
  'broken-chain': 'Compare the log with the store that it comes from: links were taken away, added or changed.',
  'not-in-log': 'Compare the log with the store that it comes from: the run was put there, or taken out, by another way.',
  'history-mismatch': 'Ask who signed it for the history in Temporal: the stored one tells of other results.',
  'gate-mismatch': askSigner,
  'rescore-differs': 'Believe the recomputed score; `reprise retry --fresh` stores it anew.',
} as const;

export type AuditProblemCode = keyof typeof nextSteps;

export interface AuditProblem {
  code: AuditProblemCode;
  path: string;
  message: string;
  nextStep: string;
}

export function problem(code: AuditProblemCode, path: string, message: string): AuditProblem {
  return { code, path, message, nextStep: nextSteps[code] };
}

/** L0 where hashes, signature, log and history hold; L1 where every stage's score was recomputed and is the same; null where L0 does not hold. */
export function levelOf(problems: readonly AuditProblem[], rescored: AuditReport['rescored']): AuditReport['level'] {
  if (problems.some(({ code }) => code !== 'rescore-differs')) return null;
  const isAllRecomputed = rescored?.stages.every(({ recomputed }) => recomputed !== null) === true;
  return rescored?.identical && isAllRecomputed ? 'L1' : 'L0';
}
