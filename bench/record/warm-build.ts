import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { takeAddresses } from '../../activities/build/added-addresses.ts';
import { contextTar } from '../../activities/build/context.ts';
import { buildOnEngine } from '../../activities/build/engine-build.ts';
import { engineBuildOptions, plannedBuilds } from '../../activities/build/plan.ts';
import type { Dependencies } from '../../activities/dependencies.ts';
import { getBlob } from '../../activities/io/blobs.ts';
import { gatewayAddress } from '../../activities/io/docker/networks.ts';
import { getTree } from '../../activities/io/trees.ts';
import { openAuthority } from '../../activities/record/authority.ts';
import { startProxy } from '../../activities/record/proxy.ts';
import { readRecording } from '../../activities/record/recordings.ts';
import { createReplay, createReplayer } from '../../activities/record/replay.ts';
import { recordingCertificate } from '../../activities/record/session.ts';
import { createTroubles } from '../../activities/record/troubles.ts';
import { blobKey, type Submission } from '../../domain/index.ts';
import { memoryStore } from '../../test/fakes/memory-store.ts';
import type { PinResult } from '../../workflows/contract.ts';

/**
 * Seconds of the same build with a warm local cache and no network: every answer comes from memory, over the engine's own bridge.
 * What a replay adds to this is the relay, the object store, and the proof that nothing else was asked.
 */
export async function warmBuild({ docker, store, settings }: Dependencies, submission: Submission, pin: PinResult, recording: string): Promise<number> {
  const exchanges = await readRecording(store, recording);
  const memory = memoryStore();
  for (const { body } of exchanges) if (body) await memory.putIfAbsent(blobKey(body.sha256), await getBlob(store, body.sha256), '');
  const troubles = createTroubles();
  const { answer } = createReplayer(memory, createReplay(exchanges), troubles);
  const address = await gatewayAddress(docker);
  const proxy = await startProxy({ address, port: 0, authority: await openAuthority(settings.recording?.authorityFile ?? ''), answer, onTrouble: () => undefined });
  try {
    const [build] = plannedBuilds(submission, pin);
    if (!build) throw new Error('nothing to build');
    const { dockerfile, added } = takeAddresses(build.dockerfile, await getBlob(store, build.pinned));
    if (added.length > 0) throw new Error('the bench does not serve ADD');
    const caBundle = Buffer.from(await recordingCertificate(settings));
    const context: Readable = await contextTar(store, await getTree(store, submission.snapshot), build, { dockerfile, caBundle });
    const url = `http://${address}:${proxy.port}`;
    const startedAt = performance.now();
    const built = await buildOnEngine(docker as Docker, context, engineBuildOptions({ httpProxy: url, httpsProxy: url }, { fresh: true, secrets: {} }), new AbortController().signal, { onStep: () => undefined, onOutput: async () => undefined });
    const seconds = (performance.now() - startedAt) / 1_000;
    if (built.status === 'failed') throw new Error(`the warm build failed: ${built.end.error}; ${built.end.lines.slice(-5).join('; ')}; ${troubles.all().map(({ url, reason }) => `${url}: ${reason}`).join('; ')}`);
    await docker.getImage(built.imageId).remove({ force: true });
    return Number(seconds.toFixed(1));
  } finally {
    await proxy.close();
  }
}
