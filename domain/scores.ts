import type { Answer, AnswerCounts, RunScores, StageScore } from './answer.ts';
import { scoreMetric } from './metrics/index.ts';
import { type Random, seededRandom } from './random.ts';
import type { Question, Scenario, SuiteStage, SuiteStageContent } from './suite.ts';

/** One question's result. A metric is null where it has no value for this answer; such a question is left out of its mean. */
export interface ItemScore {
  id: string;
  scenario: string;
  status: Answer['status'];
  metrics: Record<string, number | null>;
}

export interface Claim {
  open: number;
  tolerance?: number | undefined;
}

/**
 * How far below a claim the measured open score may lie, where the submission names no tolerance: one percentage point. Greedy
 * decoding on another GPU or library moves some answers; what sampling of the questions moves is in the interval.
 */
export const defaultClaimTolerance = 0.01;

/**
 * The scores of one run from the suite's questions and the stored answers; pure, so that an audit gets the same digits. Scenario
 * score = mean of the questions' first metric, stage = arithmetic mean of the scenarios, full = 1/3 open + 2/3 closed (the
 * contest's weights). A question without an answer scores 0 and is counted apart. `contents` must hold the open stage.
 */
export function computeScores(
  contents: SuiteStageContent[],
  answers: ReadonlyMap<SuiteStage, readonly Answer[]>,
  claim?: Claim,
): RunScores {
  const scoreOf = (stage: SuiteStage): { items: ItemScore[]; score: StageScore } | undefined => {
    const content = contents.find((each) => each.stage === stage);
    if (!content) return undefined;
    const items = scoreItems(content, answers.get(stage) ?? []);
    return { items, score: scoreStage(content, items) };
  };
  const open = scoreOf('open');
  if (!open) throw new TypeError('a run is scored by its open stage, which is missing');
  const closed = scoreOf('closed')?.score ?? null;
  return {
    schema: 'reprise.run-scores/v1',
    open: open.score,
    closed,
    full: closed ? (1 / 3) * open.score.score + (2 / 3) * closed.score : open.score.score,
    claim: claim ? compareClaim(claim, open.score.score, contents.find(isOpen) as SuiteStageContent, open.items) : null,
  };
}

/** Each question's values in the suite's order. An answer to a question that the suite does not have is left out. */
export function scoreItems(content: SuiteStageContent, answers: readonly Answer[]): ItemScore[] {
  const byId = new Map(answers.map((answer) => [answer.id, answer]));
  return content.scenarios.flatMap(({ name, questions }) =>
    questions.map((question) => scoreItem(name, question, byId.get(question.id))),
  );
}
void 0 as unknown as [AnswerCounts, Random, typeof seededRandom, Scenario, typeof scoreMetric];
