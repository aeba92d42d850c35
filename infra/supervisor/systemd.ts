import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../activities/io/subprocess.ts';
import { limits } from '../../domain/index.ts';
import type { Config } from '../config.ts';
import { replaceFile } from '../files.ts';
import { partNames, secretVariables, type Part, type PartName } from '../parts.ts';
import { SetupError } from '../step.ts';
import { digestOf } from './attend.ts';
import { readWanted, writeWanted } from './state.ts';
import type { PartState, Supervision } from './supervision.ts';

/** The same parts as transient units of systemd, which starts them again and counts how often; their logs are in its journal. */
export function systemdSupervision(config: Config): Supervision {
  return {
    kind: 'systemd',
    observe: () => Promise.all(partNames.map((name) => observeUnit(config, name))),
    isPresent: async () => true,
    async want(parts) {
      writeWanted(config, { parts });
      const others = partNames.filter((name) => !parts.some((part) => part.name === name));
      await Promise.all(others.map((name) => stopUnit(config, name)));
      for (const part of parts) await startUnit(config, part);
    },
    wanted: async () => readWanted(config).parts,
    leave: async () => undefined,
    async logTail(part, lines) {
      const { stdout } = await run('journalctl', ['--unit', unitOf(config, part), '--lines', String(lines), '--output', 'cat', '--no-pager']);
      return stdout.trimEnd();
    },
  };
}

/** Two stacks of one machine have units of their own. */
export function unitOf(config: Pick<Config, 'home'>, part: PartName): string {
  const stack = createHash('sha256').update(config.home).digest('hex').slice(0, 8);
  return `reprise-${stack}-${part}.service`;
}

/** Arguments of systemd-run. What only the part may know comes from files in a directory that only root reads. */
export function unitArguments(config: Pick<Config, 'home'>, part: Part, secretsFile?: string): string[] {
  const files = [part.environmentFile, part.givesSecrets ? secretsFile : undefined].filter((path) => path !== undefined);
  const properties = [
    'Restart=always',
    `RestartSec=${limits.partRestartMs / 1_000}`,
    // Never give up: a part that dies at once is told by its count and by doctor.
    'StartLimitIntervalSec=0',
    `TimeoutStopSec=${limits.partStopGraceMs / 1_000}`,
    'KillMode=mixed',
    ...files.map((path) => `EnvironmentFile=${path}`),
  ];
  return [
    `--unit=${unitOf(config, part.name)}`,
    '--collect',
    `--description=${descriptionOf(part)}`,
    `--working-directory=${config.home}`,
    ...properties.map((property) => `--property=${property}`),
    ...Object.entries(part.environment).map(([name, value]) => `--setenv=${name}=${value}`),
    `--setenv=PATH=${process.env['PATH'] ?? ''}`,
    '--',
    part.command,
    ...part.args,
  ];
}

function descriptionOf(part: Part): string {
  return `Reprise ${part.name} ${digestOf(part)}`;
}

async function startUnit(config: Config, part: Part): Promise<void> {
  const { Description, ActiveState } = await propertiesOf(config, part.name);
  if (Description === descriptionOf(part) && ActiveState !== 'inactive' && ActiveState !== 'failed') return;
  await stopUnit(config, part.name);
  const { exitCode, stderr } = await run('systemd-run', unitArguments(config, part, part.givesSecrets ? writeSecrets(config) : undefined));
  if (exitCode !== 0) throw new SetupError(`systemd does not start ${unitOf(config, part.name)}: ${stderr.trim()}`, 'Read `journalctl -xe`.');
}

async function stopUnit(config: Config, part: PartName): Promise<void> {
  await run('systemctl', ['stop', unitOf(config, part)]);
  await run('systemctl', ['reset-failed', unitOf(config, part)]);
}

async function observeUnit(config: Config, name: PartName): Promise<PartState> {
  const { ActiveState, MainPID, NRestarts, ExecMainStartTimestamp, ExecMainStatus } = await propertiesOf(config, name);
  const status = ActiveState === 'active' ? 'running' : ActiveState === 'activating' ? 'restarting' : 'stopped';
  const startedMs = Date.parse((ExecMainStartTimestamp ?? '').replace(/^[A-Z][a-z]{2} /, ''));
  return {
    name,
    status,
    restarts: Number(NRestarts ?? 0),
    ...(status === 'running' && { pid: Number(MainPID) }),
    ...(status === 'running' && !Number.isNaN(startedMs) && { startedAt: new Date(startedMs).toISOString() }),
    ...(status === 'restarting' && { lastExit: `exit status ${ExecMainStatus}` }),
  };
}

async function propertiesOf(config: Config, part: PartName): Promise<Record<string, string>> {
  const names = 'ActiveState,MainPID,NRestarts,ExecMainStartTimestamp,ExecMainStatus,Description';
  const { stdout } = await run('systemctl', ['show', unitOf(config, part), '--property', names, '--timestamp', 'utc']);
  return Object.fromEntries(stdout.trim().split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** The secrets that we were given, on a file system that is never on a disk. */
function writeSecrets(config: Config): string {
  const directory = `/run/${unitOf(config, 'worker')}.d`;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, 'environment');
  const lines = Object.entries(secretVariables()).map(([name, value]) => `${name}="${value.replace(/["\\$`]/g, '\\$&')}"`);
  const text = `${lines.join('\n')}\n`;
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) replaceFile(path, text, 0o600);
  return path;
}
