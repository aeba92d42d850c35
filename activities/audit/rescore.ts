import { canonicalJson, RunScores, type AuditReport, type RunManifest, type Statement, type StageScore, type SuiteStage } from '../../domain/index.ts';
import { outcomeOf } from '../failure.ts';
import type { Scored } from './history.ts';
import { problem, type AuditProblem } from './problems.ts';

/** Scores of the stages that could be recomputed, the others with the reason why not. */
export interface Recomputed {
  open: StageScore | null;
  closed: StageScore | null;
  /** All of them with the weighted sum and the claim, where every stage was recomputed. */
  whole?: RunScores;
  notes: Partial<Record<SuiteStage, string>>;
}

/** What the scores of a run were computed from. */
export interface ScoredAnswers {
  suite: string;
  answers: { stage: SuiteStage; sha256: string }[];
  claim?: { open: number; tolerance?: number | undefined } | undefined;
}

/** Computes scores again from the stored suite and the stored answers. */
export type Recompute = (stored: ScoredAnswers) => Promise<Recomputed>;

export interface Rescoring {
  rescored?: NonNullable<AuditReport['rescored']>;
  problems: AuditProblem[];
}

/**
 * Recomputes the run's scores and compares every figure of them with the signed ones. A stage that cannot be recomputed, as the
 * closed one without its key, is said and is no problem; answers that are not the run's are.
 */
export async function checkScores(
  { artifacts }: RunManifest,
  statement: Statement,
  scored: Scored | undefined,
  recompute: Recompute,
): Promise<Rescoring> {
  const stored = RunScores.safeParse(statement.predicate.reprise_verdict.scores);
  if (!stored.success) return { problems: [] }; // The run ended before its score: there is nothing to compare.
  const listed = new Set(artifacts.map(({ sha256 }) => sha256));
  const answers = (scored?.evaluations ?? []).map(({ stage, answers: sha256 }) => ({ stage, sha256 }));
  const foreign = answers.find(({ sha256 }) => !listed.has(sha256));
  if (!scored || foreign) {
    const message = foreign ? `the ${foreign.stage} score is of answers that the manifest does not list` : 'the history does not say which answers were scored';
    return { problems: [problem('rescore-differs', 'scores', message)] };
  }
  try {
    return comparison(stored.data, await recompute({ suite: scored.suite, answers, claim: scored.submission.claim }));
  } catch (error) {
    if (outcomeOf(error)?.code !== 'STORE_CORRUPT') throw error;
    return { problems: [problem('rescore-differs', 'scores', (error as Error).message)] };
  }
}

function comparison(stored: RunScores, recomputed: Recomputed): Rescoring {
  const stages = stagesOf(stored).map(({ stage, score }) => {
    const note = recomputed.notes[stage];
    return { stage, stored: score, recomputed: recomputed[stage]?.score ?? null, ...(note === undefined ? {} : { note }) };
  });
  const problems = stagesOf(stored)
    .filter(({ stage }) => recomputed[stage] !== null && canonicalJson(recomputed[stage]) !== canonicalJson(stored[stage]))
    .map(({ stage, score }) => {
      const message = `stored is ${score}, recomputed ${recomputed[stage]?.score}; scenarios and counts are compared as well`;
      return problem('rescore-differs', stage, message);
    });
  if (problems.length === 0 && recomputed.whole && canonicalJson(recomputed.whole) !== canonicalJson(stored)) {
    const message = `stored is ${stored.full}, recomputed ${recomputed.whole.full}; the claim is compared as well`;
    problems.push(problem('rescore-differs', 'full', message));
  }
  const isAnyRecomputed = stages.some((each) => each.recomputed !== null);
  return { rescored: { stages, identical: isAnyRecomputed && problems.length === 0 }, problems };
}

function stagesOf({ open, closed }: RunScores): StageScore[] {
  return closed ? [open, closed] : [open];
}
