import { type Answer, type AnswerCounts, canonicalJson, limits } from '../../domain/index.ts';
import type { EvaluateInput, EvaluateResult, StageRun } from '../../workflows/contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { failure } from '../failure.ts';
import { loadSuiteStage } from '../intake/suite.ts';
import { artifactOf, type Blob, putBlob } from '../io/blobs.ts';
import { sha256Of, type StageContext, type StageResult } from '../stage.ts';
import { openAnswerJournal } from './journal.ts';
import { withEvaluationLog } from './log.ts';
import { answersOf, countAnswers, latencyOf, planQuestions, stageTimeMs } from './plan.ts';
import { askWithRestarts, type ServingRecord } from './restarts.ts';
import { openSealing, type Sealing } from './sealing.ts';
import type { ServeWith } from './serving.ts';

/** Everything that decides the answers: what is asked, of whom, within which limits. */
export function evaluationInputs({ stage, submission, image, output, suite }: EvaluateInput): unknown {
  const { questionTimeoutMs, questionAttempts, replyBytes } = limits;
  const settings = { questionTimeoutMs, questionAttempts, replyBytes, timeMs: stageTimeMs(stage) };
  const { track, port, api, model } = submission;
  const speaks = api === undefined && model === undefined ? {} : { api, model };
  return { stage, suite, image: image.id, output: output ?? null, track, port, settings, ...speaks };
}

/**
 * Asks the submission's server every question of one stage and stores exactly one answer for each: `answers/<stage>.jsonl`,
 * sorted by id; for the closed stage sealed, as the journal and the serving log are, since an answer may repeat its question.
 * What is unanswered when the stage's time is over says so. Failures: SERVE_*, SUITE_*, SERVE_NO_USABLE_ANSWER.
 */
export async function evaluate(
  dependencies: Pick<Dependencies, 'store' | 'settings'>,
  input: StageRun & EvaluateInput,
  context: StageContext,
  serveWith: ServeWith,
): Promise<StageResult<EvaluateResult>> {
  const { store } = dependencies;
  const plan = planQuestions(await loadSuiteStage(dependencies, input.suite, input.stage), `${input.suite} ${input.stage}`);
  const sealing = await openSealing(dependencies.settings, input.stage);
  const identity = { run: input.run, stage: context.stage, inputs: sha256Of(evaluationInputs(input)) };
  const journal = await openAnswerJournal(store, identity, sealing);
  return withEvaluationLog(dependencies, context, sealing, async (log) => {
    const record = await askWithRestarts(serveWith(log), { plan, journal, timeMs: stageTimeMs(input.stage), speaks: input.submission }, context);
    const answers = answersOf(plan, journal.answered);
    const counts = countAnswers(answers);
    if (counts.answered === 0) {
      throw failure('SERVE_NO_USABLE_ANSWER', `none of ${plan.questions} questions was answered: ${reasonsOf(answers)}`);
    }
    const [blob, logArtifact] = [await putAnswers(store, answers, sealing), await log.close()];
    const result = {
      stage: input.stage,
      counts,
      answers: blob.sha256,
      latencyMs: latencyOf(journal.answered.values()),
      artifacts: [artifactOf(blob, `answers/${input.stage}.jsonl`, 'answers'), logArtifact],
      summary: summaryOf(answers, counts, record),
    };
    return { result, logKey: logArtifact.key };
  });
}

/** Answers a piece: small enough not to double the memory that 100,000 answers take. */
const answersAtOnce = 1_000;

async function putAnswers(store: Dependencies['store'], answers: Answer[], sealing: Sealing): Promise<Blob> {
  const pieces: Buffer[] = [];
  for (let first = 0; first < answers.length; first += answersAtOnce) {
    const lines = answers.slice(first, first + answersAtOnce).map((answer) => `${canonicalJson(answer)}\n`);
    pieces.push(Buffer.from(lines.join('')));
  }
  return putBlob(store, sealing.seal(Buffer.concat(pieces)), sealing.mediaType);
}

/** Counts and words of the fixed taxonomy only: for the closed stage this line is shown to the submitter. */
function summaryOf(answers: Answer[], counts: AnswerCounts, record: ServingRecord): string {
  const parts = [`${counts.answered}/${answers.length} answered`];
  if (counts.failed + counts.unanswered > 0) parts.push(reasonsOf(answers));
  if (record.deaths > 0) parts.push(`the server died ${record.deaths} times`);
  if (record.ended !== undefined) parts.push(record.ended);
  return parts.join(', ');
}

/** For instance "2 http-500, 1 unanswered". */
function reasonsOf(answers: Answer[]): string {
  const counts = new Map<string, number>();
  for (const answer of answers) {
    if (answer.status === 'answered') continue;
    const reason = answer.status === 'failed' ? answer.reason : answer.status;
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([reason, count]) => `${count} ${reason}`).join(', ');
}
