import { exitCodes } from './exit-codes.ts';
import { say } from './terminal.ts';

/** Work under way that takes its own traces away when it is told to stop. */
const underWay = new Set<AbortController>();
/** What a person should know who leaves now; the last one counts. */
const farewells: string[] = [];

/**
 * Ctrl-C, a closed pipe and a closed terminal end the command with 130. Work that was started with `interruptible` is told to
 * stop first and removes what is half done; whoever cannot wait presses again.
 */
export function handleInterruptions(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  // The reader of a pipe (`| head -1`) has read enough: nothing that is written from now on arrives.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? exitCodes.interrupted : exitCodes.platform));
}

function interrupt(): void {
  const tellable = [...underWay].filter(({ signal }) => !signal.aborted);
  if (tellable.length > 0) return tellable.forEach((controller) => controller.abort());
  const farewell = farewells.at(-1);
  if (farewell !== undefined) say(farewell);
  process.exit(exitCodes.interrupted);
}

/** Runs work that ends early, with an AbortError and nothing left behind, where the person interrupts it. */
export async function interruptible<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const controller = new AbortController();
  underWay.add(controller);
  try {
    return await work(controller.signal);
  } finally {
    underWay.delete(controller);
    // However the work ended: it was told to, and what follows is not wanted any more.
    controller.signal.throwIfAborted();
  }
}

/** Says `farewell` where the person interrupts while `work` goes on. */
export async function withFarewell<Result>(farewell: string, work: () => Promise<Result>): Promise<Result> {
  farewells.push(farewell);
  try {
    return await work();
  } finally {
    farewells.pop();
  }
}
