import { limits, mediaTypes } from '../../domain/index.ts';
import type { Dependencies } from '../dependencies.ts';
import { artifactOf, putBlob } from '../io/blobs.ts';
import { openStageLog, type StageLog } from '../logs/index.ts';
import type { StageContext } from '../stage.ts';
import type { Sealing } from './sealing.ts';

/**
 * The serving log. For the closed stage it is kept in memory, shown to nobody and stored sealed: a server may print the
 * questions it gets.
 */
export async function openEvaluationLog(
  { store, settings }: Pick<Dependencies, 'store' | 'settings'>,
  { run, stage }: Pick<StageContext, 'run' | 'stage'>,
  sealing: Sealing,
): Promise<StageLog> {
  if (!sealing.secret) return openStageLog(store, { run, stage, scratchDirectory: settings.scratchDirectory });
  return sealedLog(store, `logs/${stage}.log`, sealing);
}

function sealedLog(store: Dependencies['store'], path: string, sealing: Sealing): StageLog {
  const lines = new Set<string>();
  let sizeBytes = 0;
  let newest: string | undefined;
  const take = (line: string): void => {
    if (sizeBytes + line.length > limits.sealedLogBytes || lines.has(line)) return;
    lines.add(line);
    sizeBytes += line.length;
  };
  return {
    write: async (content) => take(Buffer.from(content).toString('utf8')),
    async writeLine(text, at) {
      newest = at;
      take(`${at} ${text}`);
    },
    // The engine's stamps have nanoseconds, so a line that is read again is the same line and is kept once.
    resume: async () => (newest === undefined ? undefined : Math.floor(Date.parse(newest) / 1_000)),
    lastLine: () => undefined,
    flush: async () => undefined,
    async close() {
      const blob = await putBlob(store, sealing.seal(Buffer.from([...lines].map((line) => `${line}\n`).join(''))), mediaTypes.encrypted);
      return artifactOf(blob, path, 'log');
    },
  };
}
