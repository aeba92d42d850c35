import { existsSync, statSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { readSigned } from '../activities/audit/attestation.ts';
import { takeSnapshot } from '../activities/intake/snapshot.ts';
import { createDirectoryStore } from '../activities/io/directory.ts';
import type { ObjectStore } from '../activities/io/store.ts';
import { getTree } from '../activities/io/trees.ts';
import { publish, type PublishSource } from '../activities/publish/publish.ts';
import { Acceptance, mediaTypes, type Publication } from '../domain/index.ts';
import type { Config } from '../infra/config.ts';
import { UsageError } from './errors.ts';
import { interruptible } from './interrupt.ts';
import { gitDirectoryOf, scanOptions } from './scan.ts';

/** Finds the store and the name of a run, as commands name it. */
export type LocateRun = (name: string) => Promise<{ store: ObjectStore; run: string }>;

/**
 * Publishes a run's source, a directory with the history that lies in it, an archive, or `git:DIR`, a history alone. A run's
 * own acceptances hold beside those given here. Throws UsageError where there is no such source.
 */
export async function publishSource(config: Config, name: string, directory: string, accept: Acceptance[], locate: LocateRun): Promise<Publication> {
  return interruptible((signal) => publishWith(config, name, directory, accept, locate, signal));
}

async function publishWith(config: Config, name: string, directory: string, accept: Acceptance[], locate: LocateRun, signal: AbortSignal): Promise<Publication> {
  const options = {
    ...(await scanOptions(config)),
    signal,
    at: new Date().toISOString(),
    ...(existsSync(config.signingKeyFile) ? { signingKeyFile: config.signingKeyFile } : {}),
  };
  const to = resolve(directory);
  if (name.startsWith('git:')) return publish({ origin: name, gitDirectory: gitDirectoryOf(name.slice('git:'.length)) }, to, { ...options, accept });
  if (!existsSync(name) || existsSync(join(name, 'export.json'))) {
    const { source, accepted } = await sourceOfRun(await locate(name));
    return publish(source, to, { ...options, accept: [...accept, ...accepted] });
  }
  const scratch = await mkdtemp(join(options.scratchDirectory, 'publish-'));
  try {
    return await publish(await sourceOfPath(name, scratch, signal), to, { ...options, accept });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function sourceOfPath(path: string, scratch: string, signal: AbortSignal): Promise<PublishSource> {
  const store = createDirectoryStore(join(scratch, 'store'));
  const isDirectory = statSync(path).isDirectory();
  const { tree, origin } = await takeSnapshot({ store, settings: { scratchDirectory: scratch } }, { kind: isDirectory ? 'directory' : 'archive', path }, { signal, report: () => undefined });
  const git = join(path, '.git');
  const hasHistory = isDirectory && existsSync(git);
  const snapshot = { sha256: tree, store, tree: await getTree(store, tree) };
  return { origin, snapshot, leftOut: isDirectory ? await repositoriesBelow(path) : [], ...(hasHistory && { gitDirectory: gitDirectoryOf(path) }) };
}

/** Histories of submodules and of clones inside the directory are not part of a snapshot. */
async function repositoriesBelow(directory: string): Promise<string[]> {
  const names = await readdir(directory, { recursive: true });
  return names.filter((name) => basename(name) === '.git' && name !== '.git').map((name) => `${name}: a repository inside the directory, of which only the files are published`);
}

async function sourceOfRun({ store, run }: { store: ObjectStore; run: string }): Promise<{ source: PublishSource; accepted: Acceptance[] }> {
  const { manifest, statement } = await readSigned(store, run, []);
  const snapshot = manifest?.artifacts.find(({ role, mediaType }) => role === 'snapshot' && mediaType === mediaTypes.tree);
  if (!snapshot) throw new UsageError(`the run ${run} has no stored source: it has not been attested`, 'Wait until it has ended; `reprise status` shows it.');
  const parameters = statement?.predicate.buildDefinition.externalParameters;
  const accepted = Acceptance.array().safeParse(parameters?.['accept']);
  const origin = typeof parameters?.['source'] === 'string' ? parameters['source'] : run;
  return {
    source: { origin, run, snapshot: { sha256: snapshot.sha256, store, tree: await getTree(store, snapshot.sha256) } },
    accepted: accepted.success ? accepted.data : [],
  };
}
