import { type FailureCode, limits } from '../../domain/index.ts';
import type { Dependencies } from '../dependencies.ts';
import { failure, outcomeOf } from '../failure.ts';
import { artifactOf, putBlob } from '../io/blobs.ts';
import { logRedactor, type Redact, type StageLog, withStageLog } from '../logs/index.ts';
import type { StageContext } from '../stage.ts';
import type { Sealing } from './sealing.ts';

/**
 * Runs `use` with the serving log; a failure names where it is kept. For the closed stage it is held in memory, shown to nobody
 * and stored sealed: a server may print the questions it gets.
 */
export async function withEvaluationLog<Result>(
  dependencies: Pick<Dependencies, 'store' | 'settings'>,
  context: Pick<StageContext, 'run' | 'stage' | 'signal'>,
  sealing: Sealing,
  use: (log: StageLog) => Promise<Result>,
): Promise<Result> {
  const redact = logRedactor(dependencies.settings);
  if (!sealing.secret) return withStageLog(dependencies, context, redact, use);
  const log = sealedLog(dependencies.store, `logs/${context.stage}.log`, sealing, redact);
  try {
    return await use(log);
  } catch (error) {
    const outcome = outcomeOf(error);
    if (!outcome || outcome.fault === 'platform' || context.signal.aborted) throw error;
    throw failure(outcome.code as FailureCode, outcome.message, { cause: error, logKey: (await log.close()).key });
  }
}

function sealedLog(store: Dependencies['store'], path: string, sealing: Sealing, redact: Redact): StageLog {
  const lines = new Set<string>();
  let sizeBytes = 0;
  let newest: string | undefined;
  const take = (line: string): void => {
    if (sizeBytes + line.length > limits.sealedLogBytes || lines.has(line)) return;
    lines.add(line);
    sizeBytes += line.length;
  };
  return {
    write: async (content) => take(redact(Buffer.from(content).toString('utf8'))),
    async writeLine(text, at, part) {
      newest = at;
      take(`${at} ${redact(text, part)}`);
    },
    // The engine's stamps have nanoseconds, so a line that is read again is the same line and is kept once.
    resume: async () => (newest === undefined ? undefined : Math.floor(Date.parse(newest) / 1_000)),
    lastLine: () => undefined,
    flush: async () => undefined,
    async close() {
      const rest = redact.rest?.() ?? '';
      if (rest !== '') take(rest);
      const blob = await putBlob(store, sealing.seal(Buffer.from([...lines].map((line) => `${line}\n`).join(''))), sealing.mediaType);
      return artifactOf(blob, path, 'log');
    },
  };
}
