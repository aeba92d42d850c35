import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type AnswerCounts, canonicalJson, limits, type Question, type SuiteStage } from '../../domain/index.ts';
import type { EvaluateInput, EvaluateResult, StageRun } from '../../workflows/contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { failure } from '../failure.ts';
import { readSuiteStage } from '../intake/suite.ts';
import { artifactOf, type Blob, putBlobStream } from '../io/blobs.ts';
import { withSpool } from '../io/spool.ts';
import type { StageLog } from '../logs/index.ts';
import { keepReport } from '../scan/keep-report.ts';
import { sha256Of, type StageContext, type StageResult } from '../stage.ts';
import { type AnswerJournal, openAnswerJournal } from './journal.ts';
import { withEvaluationLog } from './log.ts';
import { answersOf, countAnswers, countReasons, planQuestions, type QuestionPlan, stageTimeMs } from './plan.ts';
import { askWithRestarts, type ServingRecord } from './restarts.ts';
import { maskedJournal, reportOfAnswers } from './masked-journal.ts';
import { openSealing, type Sealing } from './sealing.ts';
import type { ServeWith } from './serving.ts';
import { speedOf } from './speed.ts';

/** Everything that decides the answers: what is asked, of whom, within which limits. */
export function evaluationInputs({ stage, submission, image, output, suite }: EvaluateInput): unknown {
  const { secrets } = submission;
  const { questionTimeoutMs, questionAttempts, replyBytes } = limits;
  const settings = { questionTimeoutMs, questionAttempts, replyBytes, timeMs: stageTimeMs(stage) };
  const { track, port, api, model } = submission;
  const speaks = api === undefined && model === undefined ? {} : { api, model };
  return { stage, suite, image: image.id, output: output ?? null, track, port, settings, ...speaks, ...(secrets.length === 0 ? {} : { secrets }) };
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
  const { store, settings } = dependencies;
  return withSpool(settings.scratchDirectory, async (spool) => {
    const plan = await planQuestions(questionsOf(dependencies, input), `${input.suite} ${input.stage}`, spool);
    const sealing = await openSealing(settings, input.stage);
    const identity = { run: input.run, stage: context.stage, inputs: sha256Of(evaluationInputs(input)) };
    const journal = maskedJournal(await openAnswerJournal(store, identity, sealing, spool), settings, input.stage);
    return withEvaluationLog(dependencies, context, sealing, async (log) => {
      const record = await askWithRestarts(serveWith(log), { plan, journal, timeMs: stageTimeMs(input.stage), speaks: input.submission }, context);
      return finish(dependencies, input.stage, { plan, journal, sealing, record, log });
    });
  });
}

interface Asked {
  plan: QuestionPlan;
  journal: AnswerJournal;
  sealing: Sealing;
  record: ServingRecord;
  log: StageLog;
}

async function finish(dependencies: Pick<Dependencies, 'store' | 'settings'>, stage: SuiteStage, { plan, journal, sealing, record, log }: Asked): Promise<StageResult<EvaluateResult>> {
  const counts = countAnswers(plan, journal.answered);
  const reasons = reasonsText(countReasons(plan, journal.answered));
  if (counts.answered === 0) throw failure('SERVE_NO_USABLE_ANSWER', `none of ${plan.questions} questions was answered: ${reasons}`);
  const [blob, logArtifact] = [await putAnswers(dependencies, plan, journal, sealing), await log.close()];
  const found = reportOfAnswers(stage, journal.answered.values());
  const { artifact: report, complete, blocking } = await keepReport(dependencies.store, `evaluate-${stage}`, found);
  const result = {
    stage,
    counts,
    answers: blob.sha256,
    ...speedOf(stage, journal.answered.values(), record.firstAnswerMs),
    scan: { complete, blocking },
    artifacts: [artifactOf(blob, `answers/${stage}.jsonl`, 'answers'), logArtifact, report],
    summary: summaryOf(counts, reasons, record) + (blocking === 0 ? '' : ', secrets masked'),
  };
  return { result, logKey: logArtifact.key };
}

async function* questionsOf(dependencies: Pick<Dependencies, 'store' | 'settings'>, { suite, stage }: EvaluateInput): AsyncGenerator<Question> {
  for await (const { question } of await readSuiteStage(dependencies, suite, stage)) yield question;
}

/** Answers a portion: between two, other work gets its turn. */
const answersAtOnce = 1_000;

async function putAnswers({ store, settings }: Pick<Dependencies, 'store' | 'settings'>, plan: QuestionPlan, { answered }: AnswerJournal, sealing: Sealing): Promise<Blob> {
  const portions = async function* portions(): AsyncGenerator<Buffer> {
    let lines: string[] = [];
    for (const answer of answersOf(plan, answered)) {
      lines.push(`${canonicalJson(answer)}\n`);
      if (lines.length < answersAtOnce) continue;
      yield Buffer.from(lines.join(''));
      lines = [];
      await nextTurn();
    }
    yield Buffer.from(lines.join(''));
  };
  return putBlobStream(store, Readable.from(sealing.sealPortions(portions)), sealing.mediaType, settings.scratchDirectory);
}

/** Counts and words of the fixed taxonomy only: for the closed stage this line is shown to the submitter. */
function summaryOf(counts: AnswerCounts, reasons: string, record: ServingRecord): string {
  const parts = [`${counts.answered}/${counts.answered + counts.failed + counts.unanswered} answered`];
  if (reasons !== '') parts.push(reasons);
  if (record.deaths > 0) parts.push(`the server died ${record.deaths} times`);
  if (record.ended !== undefined) parts.push(record.ended);
  return parts.join(', ');
}

/** For instance "2 http-500, 1 unanswered". */
function reasonsText(counts: Record<string, number>): string {
  return Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)).map(([reason, count]) => `${count} ${reason}`).join(', ');
}
