import { ApplicationFailure } from '@temporalio/common';
import { failure } from '../failure.ts';
import type { RecordedExchange } from '../../domain/index.ts';
import type { Dependencies, Settings } from '../dependencies.ts';
import type { Owner } from '../io/docker/names.ts';
import type { AddedAddress } from '../build/added-addresses.ts';
import { fetchAdded, type AddedFile } from './added.ts';
import { openAuthority } from './authority.ts';
import { recordMasks } from './masked-body.ts';
import { earlierExchanges, openJournal, type Journal } from './journal.ts';
import { openBuildNetwork, proxyArguments, type BuildNetwork } from './network.ts';
import { startProxy, type Proxy } from './proxy.ts';
import { createRecorder } from './record.ts';
import { createReplay, createReplayer } from './replay.ts';
import { createTroubles, type Troubles } from './troubles.ts';
import { openUpstream } from './upstream.ts';

export interface SessionOptions {
  owner: Owner;
  role: 'serve' | 'train';
  /** Names that stand for services of ours, with the origin that answers. */
  routes: Record<string, string>;
  /** Answers from these alone; goes out where it is absent. */
  replay: readonly RecordedExchange[] | undefined;
  step(): number;
}

/** The proxy of one build with its network. */
export interface Session {
  /** Options of the engine's builder that leave the build no other way. */
  engine: { networkmode: string; buildargs: Record<string, string> };
  network: BuildNetwork;
  troubles: Troubles;
  exchanges(): readonly RecordedExchange[];
  /** What ADD names, recorded or from the recording; its content is in the store. Failures: as fetchAdded, STORE_UNREACHABLE. */
  fetch(added: readonly AddedAddress[], signal: AbortSignal): Promise<AddedFile[]>;
  /** Waits until all that came whole is stored. Failures: STORE_UNREACHABLE. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the one way out of a build: the proxy, in a network namespace that has nothing else. Failures: RECORDING_UNAVAILABLE where
 * this machine cannot listen, RELAY_UNAVAILABLE, ENGINE_UNREACHABLE, PLATFORM_ERROR.
 */
export async function openSession({ docker, store, settings }: Pick<Dependencies, 'docker' | 'store' | 'settings'>, options: SessionOptions): Promise<Session> {
  const authority = await openAuthority(authorityFileOf(settings));
  const { run } = options.owner;
  const earlier = options.replay ? [] : await earlierExchanges(store, run, options.role);
  const upstream = await openUpstream({ ...settings, reachable: settings.recording?.reachable ?? [], routes: options.routes });
  const journal = await openJournal(store, run, options.role);
  const troubles = createTroubles();
  // What our own services answer is for them to remember: they keep account of who asked what.
  const known = createReplay(earlier.filter(({ url, failed }) => failed === undefined && !Object.hasOwn(options.routes, new URL(url).hostname)));
  const masks = await recordMasks(settings);
  const recorder = createRecorder({ store, scratchDirectory: settings.scratchDirectory, upstream, journal, troubles, earlier: known, masks, step: options.step });
  const answer = options.replay ? createReplayer(store, createReplay(options.replay), troubles, masks.text).answer : recorder.answer;
  const close = async (proxy: Proxy | undefined, network: BuildNetwork | undefined): Promise<void> => {
    await recorder.settle();
    await network?.close();
    await proxy?.close();
    await journal.close();
    upstream.close();
  };
  let proxy: Proxy | undefined;
  try {
    proxy = await startProxy({ address: '127.0.0.1', port: 0, authority, answer, onTrouble: (trouble) => troubles.add(trouble) });
    const network = await openBuildNetwork(docker, options.owner, settings, proxy.port);
    const engine = { networkmode: network.mode, buildargs: proxyArguments() };
    const { port } = proxy;
    const fetch = async (added: readonly AddedAddress[], signal: AbortSignal): Promise<AddedFile[]> => {
      const files: AddedFile[] = [];
      for (const each of added) files.push(await fetchAdded({ port, troubles, stored: recorder.stored, signal }, each));
      return files;
    };
    return { engine, network, troubles, exchanges: journal.exchanges, fetch, settle: () => settled(recorder, journal), close: () => close(proxy, network) };
  } catch (error) {
    await close(proxy, undefined);
    if (error instanceof ApplicationFailure) throw error;
    throw failure('RECORDING_UNAVAILABLE', `listening for what builds ask: ${(error as Error).message}`, { cause: error });
  }
}

/** PEM of the authority that recorded builds trust. */
export async function recordingCertificate(settings: Pick<Settings, 'recording'>): Promise<string> {
  return (await openAuthority(authorityFileOf(settings))).certificate;
}

function authorityFileOf({ recording }: Pick<Settings, 'recording'>): string {
  if (!recording) throw failure('PLATFORM_ERROR', 'builds are not recorded (REPRISE_RECORD_BUILDS)');
  return recording.authorityFile;
}

async function settled(recorder: { settle(): Promise<void> }, journal: Journal): Promise<void> {
  await recorder.settle();
  await journal.flush();
}
