import type { FailureCode } from '../../domain/index.ts';
import { archiveBomb, archiveWithParentPath } from './archives.ts';
import type { HostileBench } from './bench.ts';
import * as check from './checks.ts';
import type { Seen } from './checks.ts';

/** One attack: what it does, where, what it must come to, and what else shows that nothing was gained. */
export interface HostileCase {
  /** Directory below submissions/, unless the attack is an archive. */
  name: string;
  stage: 'intake' | 'build' | 'train' | 'serve';
  attack: string;
  /** The code that it gets; `completed` or a reason for a question without an answer where the attack ends in nothing. */
  expected: FailureCode | 'completed' | 'answered' | 'timeout' | 'connection';
  /** Under gVisor, where it is another one. */
  underGvisor?: FailureCode;
  run(bench: HostileBench): Promise<unknown>;
  /** Beside the checks that every case has: the targets saw nothing, no log says "gained", nothing stays in the engine. */
  check?(seen: Seen): Promise<void> | void;
}

const MiB = 1024 ** 2;
const small = { memoryBytes: 256 * MiB, pids: 64 };

/** Trainings that find what they want refused: the last line of their log says what. */
const refusedTrainings: [string, string][] = [
  ['egress-tcp', 'TCP to the host and to another container'],
  ['egress-udp', 'UDP to them'],
  ['egress-dns', 'names that carry data out'],
  ['egress-ipv6', 'IPv6'],
  ['egress-bound-interface', 'sockets bound to an interface, past the routes'],
  ['host-port-scan', 'ports of the host behind every gateway'],
  ['output-hardlink', 'a hard link to a file outside the output'],
  ['output-device', 'a device file'],
  ['setuid', 'setuid programs of its image'],
  ['mount', 'mounts, namespaces, files of the kernel'],
  ['ptrace', 'other processes'],
  ['keyctl', "the kernel's keys, bpf"],
  ['raw-socket', 'raw and packet sockets'],
  ['docker-socket', "the engine's socket"],
  ['clock', 'the clock'],
  ['zombie-flood', 'children that are never waited for'],
];

/** Those of the network once more, of a training that may go out: by its proxy, and only to the internet. */
const egressTrainings: [string, string][] = [
  ...refusedTrainings.filter(([name]) => name.startsWith('egress-') || name === 'host-port-scan'),
  ['egress-proxy', 'its proxy asked for the host, its neighbours and the cloud'],
];

const trainings: HostileCase[] = [
  ...egressTrainings.map(([name, attack]): HostileCase => ({
    name,
    attack: `${attack}, with egress`,
    stage: 'train',
    expected: 'TRAIN_EXIT',
    run: (bench) => bench.train(name, { limits: small, submission: { trainingNetwork: 'egress' } }),
  })),
  ...refusedTrainings.map(([name, attack]): HostileCase => ({ name, attack, stage: 'train', expected: 'TRAIN_EXIT', run: (bench) => bench.train(name, { limits: small }) })),
  // The limit ends gVisor's kernel with all that it runs, before anybody can look.
  { name: 'fork-bomb', stage: 'train', attack: 'a fork bomb', expected: 'PROCESS_LIMIT', underGvisor: 'TRAIN_EXIT', run: (bench) => bench.train('fork-bomb', { limits: small, bounds: { diskLookMs: 500 } }) },
  { name: 'memory-bomb', stage: 'train', attack: 'a memory bomb', expected: 'TRAIN_OUT_OF_MEMORY', run: (bench) => bench.train('memory-bomb', { limits: small }) },
  ...['root', 'output', 'volume'].map((place): HostileCase => {
    const name = `disk-bomb-${place}`;
    const bounds = { diskBytes: 60 * MiB, diskLookMs: 300 };
    return { name, stage: 'train', attack: `a disk bomb in ${place === 'root' ? '/root' : place === 'output' ? '/output' : 'a volume of its image'}`, expected: 'TRAIN_DISK_QUOTA', run: (bench) => bench.train(name, { limits: small, bounds }) };
  }),
  { name: 'disk-bomb-log', stage: 'train', attack: 'a log without end', expected: 'TRAIN_EXIT', run: (bench) => bench.train('disk-bomb-log', { limits: small }), check: check.engineLogIsBounded },
  { name: 'long-log-line', stage: 'train', attack: 'a log line without end', expected: 'TRAIN_EXIT', run: (bench) => bench.train('long-log-line', { limits: small }), check: check.linesAreBounded },
  { name: 'output-symlink', stage: 'train', attack: 'a symbolic link out of the output', expected: 'OUTPUT_UNSAFE', run: (bench) => bench.train('output-symlink', { limits: small }), check: check.noShadow },
  { name: 'output-dotdot', stage: 'train', attack: '../ in a link', expected: 'OUTPUT_UNSAFE', run: (bench) => bench.train('output-dotdot', { limits: small }) },
  { name: 'output-sparse', stage: 'train', attack: 'a sparse file of 2 TiB', expected: 'OUTPUT_TOO_LARGE', run: (bench) => bench.train('output-sparse', { limits: small }) },
  { name: 'label-forgery', stage: 'train', attack: 'labels, health check and ONBUILD of its image', expected: 'completed', run: (bench) => bench.train('label-forgery', { limits: small }), check: check.labelsAreOurs },
  { name: 'name-clash', stage: 'train', attack: "the name of another run's container", expected: 'PLATFORM_ERROR', run: check.trainBesideNamesake, check: check.namesakeIsUntouched },
  { name: 'forged-verdict', stage: 'train', attack: 'a verdict on stdout, exit code 0', expected: 'TRAIN_OUTPUT_MISSING', run: (bench) => bench.train('forged-verdict', { limits: small }) },
  { name: 'ignores-sigterm', stage: 'train', attack: 'SIGTERM ignored past the deadline', expected: 'TRAIN_TIMEOUT', run: (bench) => bench.train('ignores-sigterm', { limits: small, submission: { trainingBudgetMs: 2_000 } }) },
];

const servers: HostileCase[] = [
  { name: 'serve-egress', stage: 'serve', attack: 'questions carried out', expected: 'completed', run: (bench) => bench.evaluate('serve-egress', 'closed') },
  { name: 'serve-hoards-questions', stage: 'serve', attack: 'closed questions hoarded for a later stage', expected: 'answered', run: check.hoardTwice, check: check.nothingWasHoarded },
  { name: 'serve-fork-bomb', stage: 'serve', attack: 'a fork bomb when asked', expected: 'PROCESS_LIMIT', underGvisor: 'SERVE_EXITED', run: (bench) => bench.ask('serve-fork-bomb', { ...small, questionTimeoutMs: 8_000 }) },
  { name: 'serve-disk-bomb', stage: 'serve', attack: 'disk bombs in /, /tmp, /run, /dev/shm and a volume', expected: 'answered', run: (bench) => bench.ask('serve-disk-bomb', { ...small, memoryBytes: 64 * MiB, shmBytes: 8 * MiB }), check: check.littleWasWritten },
  { name: 'serve-reply-1gb', stage: 'serve', attack: 'a reply of 1 GB', expected: 'SERVE_NO_USABLE_ANSWER', run: (bench) => bench.evaluate('serve-reply-1gb') },
  { name: 'serve-slow-loris', stage: 'serve', attack: 'a reply of a byte now and then', expected: 'timeout', run: (bench) => bench.ask('serve-slow-loris', { ...small, questionTimeoutMs: 3_000 }) },
  { name: 'serve-endless-chunks', stage: 'serve', attack: 'a chunked reply without end', expected: 'SERVE_NO_USABLE_ANSWER', run: (bench) => bench.evaluate('serve-endless-chunks') },
  { name: 'serve-redirect', stage: 'serve', attack: 'a redirect to a service of the host', expected: 'SERVE_NO_USABLE_ANSWER', run: (bench) => bench.evaluate('serve-redirect') },
  { name: 'serve-wrong-length', stage: 'serve', attack: 'wrong lengths, a forged second reply', expected: 'connection', run: (bench) => bench.ask('serve-wrong-length', { questionTimeoutMs: 5_000 }), check: check.nothingForged },
  { name: 'serve-short-body', stage: 'serve', attack: 'a length that promises more than comes', expected: 'connection', run: (bench) => bench.ask('serve-short-body', { questionTimeoutMs: 5_000 }) },
  { name: 'serve-dies-after-first', stage: 'serve', attack: 'a process that is gone after each answer', expected: 'completed', run: (bench) => bench.evaluate('serve-dies-after-first'), check: check.eachCountsOnce },
  { name: 'serve-forged-timing', stage: 'serve', attack: 'a score and a time of its own in the reply', expected: 'completed', run: (bench) => bench.evaluate('serve-forged-timing'), check: check.timesAreOurs },
];

const builds: HostileCase[] = [
  { name: 'build-egress', stage: 'build', attack: 'TCP and UDP to the host while building', expected: 'BUILD_STEP_FAILED', run: (bench) => bench.build('build-egress') },
  { name: 'build-add-address', stage: 'build', attack: 'ADD from a service of the host, which the engine itself fetches', expected: 'BUILD_NETWORK_REFUSED', run: (bench) => bench.build('build-add-address') },
  { name: 'build-privileges', stage: 'build', attack: 'mounts, keys, clock, modules, disks, the engine', expected: 'BUILD_STEP_FAILED', run: (bench) => bench.build('build-privileges') },
  { name: 'build-fork-bomb', stage: 'build', attack: 'a fork bomb', expected: 'PROCESS_LIMIT', run: (bench) => bench.buildBounded('build-fork-bomb', { pids: 64 }) },
  { name: 'build-zombie-flood', stage: 'build', attack: 'children that are never waited for', expected: 'BUILD_STEP_FAILED', run: (bench) => bench.buildBounded('build-zombie-flood', { pids: 64 }) },
  { name: 'build-memory-bomb', stage: 'build', attack: 'a memory bomb', expected: 'BUILD_OUT_OF_MEMORY', run: (bench) => bench.buildBounded('build-memory-bomb', { memoryBytes: 256 * MiB }) },
  { name: 'build-disk-bomb', stage: 'build', attack: 'a disk bomb', expected: 'DISK_LIMIT', run: (bench) => bench.buildBounded('build-disk-bomb', { rootBytes: 60 * MiB }) },
  { name: 'build-log-bomb', stage: 'build', attack: 'output without end', expected: 'BUILD_STEP_FAILED', run: (bench) => bench.build('build-log-bomb') },
  { name: 'build-endless', stage: 'build', attack: 'a step that ignores SIGTERM', expected: 'BUILD_TIMEOUT', run: (bench) => bench.build('build-endless', 4_000) },
];

const sources: HostileCase[] = [
  { name: 'archive-bomb', stage: 'intake', attack: 'an archive of 200 KB that unpacks to 200 MB', expected: 'SOURCE_TOO_LARGE', run: archiveBomb },
  { name: 'archive-parent-path', stage: 'intake', attack: '../ in an archive', expected: 'SOURCE_UNSAFE_PATH', run: archiveWithParentPath },
];

export const hostileCases: HostileCase[] = [...sources, ...builds, ...trainings, ...servers];
