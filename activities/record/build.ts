import type { Readable } from 'node:stream';
import type { FailureCode, ImageRecording, RecordedExchange } from '../../domain/index.ts';
import type { AddedAddress } from '../build/added-addresses.ts';
import { causeOf } from '../build/classify.ts';
import { buildOnEngine, type BuildObserver, type EngineBuild } from '../build/engine-build.ts';
import type { EngineBuildOptions } from '../build/plan.ts';
import type { Dependencies } from '../dependencies.ts';
import { failure } from '../failure.ts';
import type { StageContext } from '../stage.ts';
import type { AddedFile } from './added.ts';
import { createStepLayers, exchangesOfLayer, keepLayer, mayAsk, type StepLayers } from './layers.ts';
import { findRecording, keepRecording, readRecording, type RecordedInputs } from './recordings.ts';
import { buildWithin } from './network.ts';
import { openSession, type Session } from './session.ts';

export interface RecordableBuild {
  role: 'serve' | 'train';
  inputs: RecordedInputs;
  /** What ADD names by its address; the context gets it. */
  added: readonly AddedAddress[];
  /** The context as a tar; called once for each time that the engine builds. */
  openContext(files: readonly AddedFile[]): Promise<Readable>;
  options: EngineBuildOptions;
  observer: BuildObserver;
  /** Names that stand for services of ours, with the origin that answers. */
  routes: Record<string, string>;
  /** `replay`: from the recording alone, and never out; `record`: never from the recording; `either`: from the recording of an earlier run, where there is one. */
  mode: 'either' | 'record' | 'replay';
}

export interface RecordedBuild {
  built: EngineBuild;
  /** Of a build that ended well. */
  recording: ImageRecording | undefined;
  /** Of one that did not, where it lies between the build and the outside. */
  cause: { code: FailureCode; reason: string } | undefined;
}

type World = Pick<Dependencies, 'docker' | 'store' | 'settings'>;
type Context = Pick<StageContext, 'run' | 'stage' | 'workflowId' | 'signal'>;

/** The engine had a layer of which it is not known what it took in. */
const unrecorded = new Error('a layer of the cache has no recording');

/**
 * Builds one image on a network whose only way out is the recording proxy. Layers in the engine's cache count with what was
 * recorded when they were made; where one was made without, everything is built anew. Failures: those of openSession,
 * buildOnEngine and the store; a build that fails is a value.
 */
export async function buildAndRecord(world: World, context: Context, build: RecordableBuild): Promise<RecordedBuild> {
  const known = build.mode === 'record' ? undefined : await findRecording(world.store, build.inputs);
  if (build.mode === 'replay' && !known) throw failure('REPLAY_MISSING_REQUEST', `there is no recording of this build (${build.role})`);
  const replayed = known && (build.mode === 'replay' || known.run !== context.run) ? known.recording : undefined;
  const replay = replayed && (await readRecording(world.store, replayed.recording));
  const layers = createStepLayers();
  const { run, stage, workflowId } = context;
  const session = await openSession(world, { owner: { run, stage, workflowId }, role: build.role, routes: build.routes, replay, step: layers.current });
  try {
    const files = await session.fetch(build.added, context.signal);
    throwIfIncomplete(session);
    const built = await onEngine(world, context, { ...build, openContext: () => build.openContext(files) }, session, layers, replay !== undefined);
    await session.settle();
    if (!replay) await keepLayers(world, session, layers);
    if (built.status === 'failed') return { built, recording: undefined, cause: session.troubles.causeOf(causeOf(built.end), built.end.lines) };
    throwIfIncomplete(session);
    if (replayed) return { built, cause: undefined, recording: judged(replayed, session) };
    const exchanges = await takenIn(world, session, layers);
    const open = [...openInputs(layers), ...maskedInputs(exchanges)];
    return { built, cause: undefined, recording: await keepRecording(world.store, build.inputs, { run, role: build.role, exchanges, open }) };
  } finally {
    await session.close();
  }
}

type OpenedBuild = Omit<RecordableBuild, 'openContext'> & { openContext(): Promise<Readable> };

async function onEngine({ docker, store }: World, { signal }: Context, build: OpenedBuild, session: Session, layers: StepLayers, replaying: boolean): Promise<EngineBuild> {
  const once = async (nocache: boolean): Promise<EngineBuild> => {
    layers.reset();
    const given = new AbortController();
    const observer: BuildObserver = {
      ...build.observer,
      onStep(step) {
        layers.onStep(step);
        session.troubles.begin();
        build.observer.onStep(step);
      },
      async onOutput(text) {
        await build.observer.onOutput(text);
        const step = layers.onOutput(text) ? layers.steps().at(-1) : undefined;
        if (step?.layer === undefined || !mayAsk(step) || (await exchangesOfLayer(docker, store, step.layer))) return;
        given.abort(unrecorded);
      },
    };
    const { networkmode, buildargs } = session.engine;
    const options = { ...build.options, networkmode, buildargs: { ...build.options.buildargs, ...buildargs }, nocache: nocache || build.options.nocache };
    const context = await build.openContext();
    const built = await buildWithin(session.network, AbortSignal.any([signal, given.signal]), (stop) => buildOnEngine(docker, context, options, stop, observer));
    // A build that the cache answers is over before it can be stopped.
    given.signal.throwIfAborted();
    return built;
  };
  // A replay that took layers from the cache would prove nothing.
  if (replaying) return once(true);
  return once(false).catch((error: unknown) => (error === unrecorded ? once(true) : Promise.reject(error)));
}

async function keepLayers({ docker, store }: World, session: Session, layers: StepLayers): Promise<void> {
  for (const step of layers.steps()) {
    if (step.layer === undefined || step.cached || !mayAsk(step)) continue;
    await keepLayer(docker, store, step.layer, ofStep(session, step.number));
  }
}

/** What all steps took in, those of the cache included, in the order of the steps. */
async function takenIn({ docker, store }: World, session: Session, layers: StepLayers): Promise<RecordedExchange[]> {
  const exchanges: RecordedExchange[] = [...ofStep(session, 0)];
  for (const step of layers.steps()) {
    const kept = step.cached && step.layer !== undefined && mayAsk(step) ? await exchangesOfLayer(docker, store, step.layer) : undefined;
    exchanges.push(...(kept ?? []).map((exchange) => ({ ...exchange, step: step.number })), ...ofStep(session, step.number));
  }
  return exchanges;
}

/** The build got its answers, and the store did not. */
function throwIfIncomplete({ troubles }: Session): void {
  const lost = troubles.all().find(({ kind }) => kind === 'store' || kind === 'internal');
  if (lost) throw failure('STORE_UNREACHABLE', `${lost.url}: ${lost.reason}`);
}

function ofStep(session: Session, number: number): RecordedExchange[] {
  return session.exchanges().filter(({ step }) => step === number);
}

/** The engine itself fetches what ADD names, past every network of the build. */
function openInputs(layers: StepLayers): string[] {
  const added = layers.steps().filter(({ text }) => /^ADD\s(?:.*\s)?(?:https?|git):\/\//i.test(text));
  return added.map(({ number, text }) => `step ${number}: the engine fetched what \`${text.slice(0, 160)}\` names; use RUN curl, which is recorded`);
}

/** A replay cannot give what a build took in together with a secret. */
function maskedInputs(exchanges: readonly RecordedExchange[]): string[] {
  return [...new Set(exchanges.filter(({ masked }) => masked).map(({ url }) => `answered with a secret, which the recording does not hold: ${url}`))];
}

/** Pinned is what was answered in full from the recording, and has nothing that is left open. */
function judged(recording: ImageRecording, { troubles }: Session): ImageRecording {
  const missing = [...new Set(troubles.all().filter(({ kind }) => kind === 'missing').map(({ url }) => `asked in the replay, and not recorded: ${url}`))];
  const open = [...recording.open, ...missing];
  return { ...recording, verdict: open.length === 0 ? 'pinned' : 'recorded', open };
}
