import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import type Docker from 'dockerode';
import { engineFailure, onEngine, unlessGone } from '../io/docker/errors.ts';
import type { BuildEnd } from './classify.ts';
import { confineSteps, stepBounds, type StepBounds } from './confine-step.ts';
import { buildEvents, type BuildEvent } from './messages.ts';
import type { EngineBuildOptions } from './plan.ts';

export type EngineBuild = { status: 'built'; imageId: string } | { status: 'failed'; step: number | undefined; end: BuildEnd };

export interface BuildObserver {
  onStep(step: { number: number; total: number; text: string }): void;
  onOutput(text: string): Promise<void>;
  /** Takes secrets out of what is kept of a failing step, before it is cut and quoted. */
  mask?(text: string): string;
}

/** Lines of the failing step that the search for its cause reads: a package that is compiled prints hundreds. */
const keptLines = 1_000;

/**
 * Builds one image and follows it to its end, each step held to `bounds`. When `signal` is aborted the engine has stopped the step's container before this
 * throws. Failures: ENGINE_UNREACHABLE; a build that fails is a value.
 */
export async function buildOnEngine(
  docker: Docker,
  context: Readable,
  options: EngineBuildOptions,
  signal: AbortSignal,
  observer: BuildObserver,
  bounds: StepBounds = stepBounds,
): Promise<EngineBuild> {
  const confinement = confineSteps(docker, bounds);
  const progress = createProgress(confinement.excess, observer.mask);
  try {
    const body = await docker.buildImage(context as unknown as NodeJS.ReadableStream, { ...options, abortSignal: signal });
    for await (const event of buildEvents(body as Readable)) {
      progress.take(event);
      if (event.kind === 'container') confinement.take(event.id);
      if (event.kind === 'step') observer.onStep(event);
      if (event.kind === 'output') await observer.onOutput(event.text);
    }
  } catch (error) {
    context.destroy();
    await stopStep(docker, progress.container());
    if (signal.aborted) throw signal.reason;
    if (!isRefusal(error)) throw engineFailure(error, 'building the image');
    return { status: 'failed', step: progress.step(), end: { ...progress.end(), error: observer.mask?.(error.message) ?? error.message } };
  } finally {
    confinement.end();
  }
  // A connection that ends in the middle of the answer, as a dying engine's does, ends it without a word.
  return progress.result() ?? Promise.reject(engineFailure(new Error('connection error: the build’s answer ended early'), 'building the image'));
}

interface Progress {
  take(event: BuildEvent): void;
  container(): string | undefined;
  step(): number | undefined;
  end(): BuildEnd;
  result(): EngineBuild | undefined;
}

function createProgress(excess: () => BuildEnd['excess'], mask = (text: string): string => text): Progress {
  let step: { number: number; text: string } | undefined;
  let container: string | undefined;
  let imageId: string | undefined;
  let failed: { message: string; exitCode: number | undefined } | undefined;
  let output: string[] = [''];
  const end = (): BuildEnd => ({
    error: mask(failed?.message ?? ''),
    exitCode: failed?.exitCode,
    keyword: step?.text.split(/\s/, 1)[0]?.toUpperCase(),
    // The engine colours what comes from a step's standard error.
    lines: output.map(stripVTControlCharacters).filter((line) => line !== '').map(mask),
    excess: excess(),
  });
  return {
    take(event) {
      if (event.kind === 'step') [step, output, container] = [event, [''], undefined];
      if (event.kind === 'container') container = event.id;
      if (event.kind === 'image') imageId = event.id;
      if (event.kind === 'error') failed = event;
      if (event.kind === 'output' && !isEnginesOwn(event.text)) output = appended(output, event.text);
    },
    container: () => container,
    step: () => step?.number,
    end,
    result() {
      if (failed) return { status: 'failed', step: step?.number, end: end() };
      return imageId === undefined ? undefined : { status: 'built', imageId };
    },
  };
}

/** Lines with `text` added to the last, unfinished one; only the newest are kept. */
function appended(lines: string[], text: string): string[] {
  const [first = '', ...rest] = text.replaceAll('\r', '\n').split('\n');
  const joined = [...lines.slice(0, -1), (lines.at(-1) ?? '') + first, ...rest];
  return joined.slice(-keptLines);
}

function isEnginesOwn(text: string): boolean {
  return /^(?:Step \d+\/\d+ : | ---> |Removing intermediate container )/.test(text);
}

/** An answer of the engine, not a broken connection: it did not take the build. */
function isRefusal(error: unknown): error is Error {
  return error instanceof Error && typeof (error as { statusCode?: unknown }).statusCode === 'number' && !/no space left/.test(error.message);
}

/** The engine ends a step when its client goes; this waits for it, and ends it where the engine does not. */
async function stopStep(docker: Docker, id: string | undefined): Promise<void> {
  if (id === undefined) return;
  const container = docker.getContainer(id);
  for (let look = 0; look < 20; look += 1) {
    if (!(await exists(container))) return;
    await sleep(100);
  }
  await onEngine('stopping the build', () => container.remove({ force: true, v: true }).catch(unlessGone));
}

async function exists(container: Docker.Container): Promise<boolean> {
  try {
    return Boolean(await container.inspect());
  } catch {
    return false; // Gone, or the engine is: the build's own failure is told either way.
  }
}
