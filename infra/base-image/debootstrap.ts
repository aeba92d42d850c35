import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import { run } from '../../activities/io/subprocess.ts';
import { produceFile } from '../files.ts';
import { SetupError } from '../step.ts';
import { debianSources, type DebianSource } from './apt-sources.ts';

const suite = 'bookworm';
const debootstrapMs = 20 * 60_000;

/**
 * Makes an archive for `docker load` that holds a minimal Debian from its signed packages, like the official slim image: no
 * documentation, translations, caches or logs. The times in it are those of Debian's release file, so that the same packages give
 * the same image id.
 */
export async function makeImageArchive(archive: string, httpProxy: string | undefined, waitingFor: (what: string) => void): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'reprise-debootstrap-'));
  try {
    const root = join(work, 'root');
    const sources = await debianSources(suite);
    waitingFor(`debootstrap ${suite} from ${sources[0]?.uri ?? 'its default mirror'} (about half a minute)`);
    await debootstrap(root, sources[0], httpProxy);
    const releasedAt = await releaseDate(root);
    await makeSlim(root, sources);
    waitingFor('packing the image');
    const layer = join(work, 'layer.tar');
    await packLayer(root, layer, releasedAt);
    await produceFile(archive, 0o644, (temporary) => packImage(layer, temporary, releasedAt));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function debootstrap(root: string, source: DebianSource | undefined, httpProxy: string | undefined): Promise<void> {
  const mirror = source === undefined ? [] : [source.uri];
  const env = { DEBIAN_FRONTEND: 'noninteractive', ...(httpProxy !== undefined && { http_proxy: httpProxy }) };
  const { exitCode, stdout, stderr } = await run('debootstrap', ['--variant=minbase', suite, root, ...mirror], { env, timeoutMs: debootstrapMs });
  if (exitCode === 0) return;
  const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-5).join('\n');
  throw new SetupError(`debootstrap ended with exit code ${exitCode}:\n${said}`, 'See that apt works on this machine; its mirror is used.');
}

/** The date of the release file that the packages were verified by. */
async function releaseDate(root: string): Promise<Date> {
  const lists = join(root, 'var/lib/apt/lists');
  const name = (await readdir(lists)).find((file) => file.endsWith('Release'));
  if (name === undefined) throw new SetupError('debootstrap left no release file', 'Use the debootstrap of Debian 12 or newer.');
  const date = /^Date: (.*)$/m.exec(await readFile(join(lists, name), 'utf8'))?.[1];
  return new Date(date ?? 0);
}

const emptied = ['var/lib/apt/lists', 'var/cache/apt', 'var/cache/debconf', 'var/cache/ldconfig', 'var/log', 'tmp', 'run'];
const documentation = ['locale', 'man', 'info', 'groff', 'lintian', 'linda'].map((name) => `usr/share/${name}`);
/** Of the machine that made it, or random. */
const foreign = ['etc/machine-id', 'etc/hostname', 'etc/resolv.conf', 'var/lib/systemd/random-seed'];

async function makeSlim(root: string, sources: DebianSource[]): Promise<void> {
  for (const path of [...emptied, ...documentation]) await empty(join(root, path));
  for (const path of foreign) await rm(join(root, path), { force: true });
  for (const path of ['etc/passwd-', 'etc/group-', 'etc/shadow-', 'etc/gshadow-']) await rm(join(root, path), { force: true });
  await keepCopyrightOnly(join(root, 'usr/share/doc'));
  await mkdir(join(root, 'var/lib/apt/lists/partial'), { recursive: true });
  await mkdir(join(root, 'var/cache/apt/archives/partial'), { recursive: true });
  await mkdir(join(root, 'var/log/apt'), { recursive: true });
  writeFileSync(join(root, 'etc/dpkg/dpkg.cfg.d/docker'), dpkgExcludes);
  writeFileSync(join(root, 'etc/apt/apt.conf.d/docker-clean'), aptClean);
  const lines = sources.map(({ uri, suite: name, component }) => `deb ${uri} ${name} ${component}`);
  // Without a source of the host's, the one stays that debootstrap itself took.
  if (lines.length > 0) writeFileSync(join(root, 'etc/apt/sources.list'), `${lines.join('\n')}\n`);
}

async function empty(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names) await rm(join(directory, name), { recursive: true, force: true });
}

async function keepCopyrightOnly(documents: string): Promise<void> {
  for (const entry of await readdir(documents, { recursive: true, withFileTypes: true })) {
    if (!entry.isDirectory() && entry.name !== 'copyright') await rm(join(entry.parentPath, entry.name), { force: true });
  }
}

/** What is installed on top stays slim, too. */
const dpkgExcludes = [
  'path-exclude /usr/share/doc/*',
  'path-include /usr/share/doc/*/copyright',
  ...documentation.map((path) => `path-exclude /${path}/*`),
  '',
].join('\n');
const aptClean = [
  'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };',
  'Acquire::Languages "none";',
  'Acquire::GzipIndexes "true";',
  '',
].join('\n');

async function packLayer(root: string, layer: string, releasedAt: Date): Promise<void> {
  const order = ['--sort=name', '--numeric-owner', `--mtime=@${Math.floor(releasedAt.getTime() / 1_000)}`, '--format=gnu'];
  // The engine fills these when a container starts.
  const without = ['--exclude=./dev/*', '--exclude=./proc/*', '--exclude=./sys/*'];
  const { exitCode, stderr } = await run('tar', [...order, ...without, '-C', root, '-cf', layer, '.']);
  if (exitCode !== 0) throw new SetupError(`tar ended with exit code ${exitCode}: ${stderr.trim()}`, 'See that the disk is not full.');
}

async function packImage(layer: string, archive: string, releasedAt: Date): Promise<void> {
  const layerSha256 = await sha256Of(layer);
  const settings = Buffer.from(JSON.stringify(imageSettings(layerSha256, releasedAt)));
  const settingsName = `${createHash('sha256').update(settings).digest('hex')}.json`;
  const manifest = [{ Config: settingsName, RepoTags: [`debian:${suite}-slim`], Layers: ['layer.tar'] }];
  const tar = pack();
  const writing = pipeline(tar, createWriteStream(archive));
  tar.entry({ name: settingsName, mtime: releasedAt }, settings);
  tar.entry({ name: 'manifest.json', mtime: releasedAt }, JSON.stringify(manifest));
  await pipeline(createReadStream(layer), tar.entry({ name: 'layer.tar', size: (await stat(layer)).size, mtime: releasedAt }));
  tar.finalize();
  await writing;
}

/** The image's configuration (Docker Image Specification v1.2). */
function imageSettings(layerSha256: string, releasedAt: Date): object {
  const created = releasedAt.toISOString();
  return {
    architecture: arch() === 'x64' ? 'amd64' : arch(),
    os: 'linux',
    created,
    config: {
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      Cmd: ['bash'],
      Labels: { 'reprise.origin': 'debootstrap' },
    },
    rootfs: { type: 'layers', diff_ids: [`sha256:${layerSha256}`] },
    history: [{ created, created_by: `debootstrap --variant=minbase ${suite}` }],
  };
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
