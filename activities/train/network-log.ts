import { limits, type Artifact } from '../../domain/index.ts';
import { stopContainer } from '../io/docker/containers.ts';
import { copyContainerLog, logRedactor, openStageLog, type StageLog } from '../logs/index.ts';
import { closeConnection, gateOf } from './network.ts';
import type { Training } from './training.ts';

export interface Followed<Result> {
  result: Result;
  record: Artifact[];
  /** What the gate refused last, and why. */
  refused: string | undefined;
}

/**
 * Follows a training while what it asks for outside is written down: what its gate prints is copied as its own log is, without
 * loss or doubling over attempts. Resolves to what `follow` gives, with the whole record where the training has a gate.
 */
export async function withNetworkLog<Result>(training: Training, follow: () => Promise<Result>): Promise<Followed<Result>> {
  const { dependencies, owner, context, lease } = training;
  const { docker, store, settings } = dependencies;
  const gate = await gateOf(docker, owner);
  if (!gate) return { result: await follow(), record: [], refused: undefined };
  const log = await openStageLog(store, { run: context.run, stage: 'train-network', scratchDirectory: settings.scratchDirectory, redact: logRedactor(settings), lease });
  const copying = new AbortController();
  // A gate that somebody killed is started again (attendConnection).
  const life = { isOver: false };
  let refused: string | undefined;
  const watched: StageLog = {
    ...log,
    async writeLine(text, at) {
      refused = refusalIn(text) ?? refused;
      await log.writeLine(text, at);
    },
  };
  const copied = copyContainerLog(gate, watched, copying.signal, () => !life.isOver);
  copied.catch(() => undefined); // Awaited below, or behind what went wrong first.
  try {
    const result = await follow();
    // It prints what its last connections carried.
    await stopContainer(gate, limits.stopGraceMs);
    life.isOver = true;
    await copied;
    await closeConnection(dependencies, owner);
    return { result, record: [{ ...(await log.close()), role: 'recording' }], refused };
  } catch (error) {
    copying.abort();
    await Promise.allSettled([copied]);
    await log.flush().catch(() => undefined); // What went wrong first is told.
    throw error;
  }
}

/** Of a line of network-program.ts. */
function refusalIn(line: string): string | undefined {
  const found = /"host":"([^"]*)".*"port":(\d+),"refused":"([^"]*)"/.exec(line);
  return found ? `${found[1]}:${found[2]} (${found[3]})` : undefined;
}
