import { spawn } from 'node:child_process';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import Docker from 'dockerode';
import { run } from '../../activities/io/subprocess.ts';
import { baseImage, ensureBaseImage } from '../../infra/base-image/step.ts';
import { binaries, binaryStep, findOnPath } from '../../infra/binaries.ts';
import { readConfig, type Config } from '../../infra/config.ts';
import { apt, engineProgramStep, engineStep, mayInstall } from '../../infra/engine.ts';
import { stateOf } from '../../infra/state.ts';
import { runSteps, SetupError, type Step } from '../../infra/step.ts';
import { supervisionOf } from '../../infra/supervisor/supervision.ts';
import { removeControlGroups } from './control-groups.ts';
import type { Options } from './options.ts';
import type { Summary } from './summary.ts';

const GiB = 1024 ** 3;
/** What the stack asks for to start, and as much again; sparse, so that it takes what is written. */
const diskBytes = 12 * GiB;

/**
 * Runs the chaos in a world of its own, a bare machine as far as the stack can tell: own processes, own network without any way
 * out, own mounts with the engine's data and a disk that may become full. Whatever happens in there, all of it ends with its first
 * process, and nothing else on this machine notices. Throws SetupError where this machine cannot do that.
 */
export async function enterWorld(options: Options): Promise<Summary> {
  await runSteps([rootStep, programsStep], () => undefined);
  const host = readConfig();
  await prepareHost(host);
  await mkdir(host.home, { recursive: true });
  await removeLeftBehind(host);
  const scratch = await mkdtemp(join(host.home, `chaos-${process.pid}-`));
  const controlGroup = controlGroupOf(process.pid);
  try {
    await furnish(scratch, host, controlGroup);
    await runInside(scratch, options);
    return JSON.parse(await readFile(join(scratch, 'summary.json'), 'utf8')) as Summary;
  } finally {
    await removeControlGroups(controlGroup);
    if (!options.keep) await rm(scratch, { recursive: true, force: true });
  }
}

function controlGroupOf(pid: number): string {
  return `/reprise-chaos-${pid}`;
}

/** A world ends with the process that made it, also by SIGKILL; what it has on disk does not. */
async function removeLeftBehind({ home }: Config): Promise<void> {
  for (const name of await readdir(home)) {
    const pid = Number(/^chaos-(\d+)-/.exec(name)?.[1]);
    if (Number.isNaN(pid) || existsSync(`/proc/${pid}`)) continue;
    await removeControlGroups(controlGroupOf(pid));
    await rm(join(home, name), { recursive: true, force: true });
  }
}

const rootStep: Step = {
  name: 'Root',
  async check() {
    if (process.getuid?.() === 0) return 'ok';
    return { problem: 'chaos needs root: it makes namespaces, an engine and a disk of its own', nextStep: 'Run it as root, or leave it out: npm run test:unit.' };
  },
  apply: async () => undefined,
};

const programsStep: Step = {
  name: 'Programs of the world',
  async check() {
    const missing: string[] = [];
    for (const program of ['unshare', 'setpriv', 'ip', 'mkfs.ext4', 'bash']) if ((await findOnPath(program)) === undefined) missing.push(program);
    if (missing.length === 0) return 'ok';
    return { problem: `missing: ${missing.join(', ')}`, nextStep: 'Run as root: apt-get install util-linux iproute2 e2fsprogs bash' };
  },
  async apply() {
    if (!(await mayInstall())) return;
    await apt(['update']);
    await apt(['install', '--yes', '--no-install-recommends', 'util-linux', 'iproute2', 'e2fsprogs', 'bash']);
  },
};

/** In the world there is no network to fetch anything from. */
async function prepareHost(host: Config): Promise<void> {
  const programs = [engineProgramStep(host), binaryStep(host, binaries.temporal), binaryStep(host, binaries.versitygw)];
  await runSteps([...programs, engineStep(host, supervisionOf(host))], (event) => {
    if (event.type === 'waiting') console.error(`  ${event.step}: waiting for ${event.waitingFor}`);
  });
  await ensureBaseImage(host);
}

async function furnish(scratch: string, host: Config, controlGroup: string): Promise<void> {
  for (const name of ['engine', 'home', 'settings', 'cache/images', 'tmp']) await mkdir(join(scratch, name), { recursive: true });
  // Everything of the world's containers is found under one name, also after a SIGKILL of all of it.
  await writeFile(join(scratch, 'settings', 'daemon.json'), JSON.stringify({ 'cgroup-parent': controlGroup }));
  await symlink(stateOf(host).binaries, join(scratch, 'cache', 'bin'));
  const image = await new Docker({ socketPath: host.dockerSocket }).getImage(baseImage).get();
  await pipeline(image, createWriteStream(join(scratch, 'cache', 'images', 'debian-bookworm-slim.tar')));
  await writeFile(join(scratch, 'disk'), '');
  await truncate(join(scratch, 'disk'), diskBytes);
  const { exitCode, stderr } = await run('mkfs.ext4', ['-q', '-m', '0', join(scratch, 'disk')]);
  if (exitCode !== 0) throw new SetupError(`mkfs.ext4: ${stderr.trim()}`, 'Install e2fsprogs.');
}

/** The world's first process: it furnishes the mounts, takes in orphans, and ends with what it started. */
const firstProcess = `
set -e
scratch=$1; shift
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/lock /var/lib/docker /etc/docker
mount --bind "$scratch/engine" /var/lib/docker
mount --bind "$scratch/settings" /etc/docker
mount -o loop "$scratch/disk" "$scratch/home"
ip link set lo up
set +e
"$@" &
wait $!
exit $?
`;

async function runInside(scratch: string, options: Options): Promise<void> {
  const inside = [process.execPath, join(import.meta.dirname, 'inside.ts'), scratch, JSON.stringify(options)];
  const flags = ['--mount', '--pid', '--net', '--ipc', '--fork', '--mount-proc', '--kill-child=SIGKILL'];
  // Also a SIGKILL of this process takes the world along.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...flags, 'bash', '-c', firstProcess, 'world', scratch, ...inside], {
    stdio: ['ignore', 2, 2],
    env: { ...environmentOf(process.env), TMPDIR: join(scratch, 'tmp') },
  });
  const end = (): void => void child.kill('SIGKILL');
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end);
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('exit', resolve));
  if (!existsSync(join(scratch, 'summary.json'))) throw new Error(`the world ended with exit code ${code} before it came to a result`);
}

/** What the user's own stack is told is none of the world's business; there is nothing behind a proxy either. */
function environmentOf(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(REPRISE_|VITEST)|_proxy$|^NODE_OPTIONS$/i.test(name)));
}
