import type { BuildInput } from '../../../domain/index.ts';
import { readOptions, subcommandOf } from '../options.ts';
import { input, resists, type Reading } from '../reading.ts';
import type { ShellCommand } from '../shell.ts';

const aptOptions = new Set(['-o', '--option', '-t', '--target-release', '--default-release', '-c', '-a']);
const otherManagers: Record<string, string> = { apk: 'add', yum: 'install', dnf: 'install', microdnf: 'install', zypper: 'install', tdnf: 'install' };

/** Packages of the distribution: apt by date through a snapshot archive; other managers only by recording. */
export function readSystem(command: ShellCommand, reading: Reading): BuildInput[] | undefined {
  if (['apt-get', 'apt', 'aptitude'].includes(command.name)) return readApt(command, reading);
  if (command.name in otherManagers) return readOther(command);
  if (['add-apt-repository', 'apt-add-repository'].includes(command.name)) {
    return readOptions(command.words, new Set(['-k'])).operands.map((word) =>
      input('url', word.value, command.line, 'by-recording', 'a package source outside of the distribution has no snapshots'),
    );
  }
  if (command.name === 'kaggle') return [resists('url', commandLine(command), command.line, 'credential', 'the site gives data only to who has an account')];
  if (command.name === 'apt-key') return addresses(command);
  if (command.name === 'dpkg' && command.words.some((word) => /^(-i|--install)$/.test(word.value))) return [];
  return undefined;
}

function readApt(command: ShellCommand, reading: Reading): BuildInput[] {
  const [subcommand, rest] = subcommandOf(command.words, aptOptions);
  const { operands } = readOptions(rest, aptOptions);
  if (subcommand === 'build-dep' || subcommand === 'source')
    return operands.map((word) => input('apt', `${subcommand} ${word.value}`, command.line, 'by-date'));
  if (subcommand === 'upgrade' || subcommand === 'dist-upgrade' || subcommand === 'full-upgrade') {
    return [input('apt', subcommand, command.line, 'by-date', 'every package of the base image moves to the newest')];
  }
  if (subcommand !== 'install' && subcommand !== 'reinstall') return [];
  if (operands.length === 0) return /^(?:-f|--fix-broken)$/.test(rest[0]?.value ?? '') ? [] : [input('apt', commandLine(command), command.line, 'by-recording', 'what it installs shows only while building')];
  return operands
    .filter((word) => !word.value.startsWith('./') && !word.value.startsWith('/'))
    .map((word) => {
      const { value } = word;
      if (word.unresolved.length > 0)
        return input('apt', value, command.line, 'by-recording', `the value of ${word.unresolved.join(', ')} shows only while building`);
      if (/^[^=]+=[^=*]+$/.test(value))
        return input('apt', value, command.line, 'exact', 'the archive keeps only its newest version; a snapshot has this one');
      if (reading.foreignSources)
        return input('apt', value, command.line, 'by-recording', 'a package source outside of the distribution is added before');
      return input('apt', value, command.line, 'by-date', 'no version; the newest of the release is taken');
    });
}

function readOther(command: ShellCommand): BuildInput[] {
  const [subcommand, rest] = subcommandOf(command.words);
  if (/^(?:update|upgrade|dist-upgrade|distro-sync)$/.test(subcommand ?? '') && command.name !== 'apk' && command.name !== 'zypper') return [input('apt', `${command.name}: ${subcommand}`, command.line, 'by-recording', 'every package of the base image moves to the newest')];
  if (subcommand !== otherManagers[command.name]) return [];
  const { operands } = readOptions(rest, new Set(['-t', '--virtual', '--repository', '-X', '--enablerepo', '--disablerepo']));
  return operands.map((word) =>
    input('apt', `${command.name}: ${word.value}`, command.line, 'by-recording', `${command.name} has no archive by date`),
  );
}

function addresses(command: ShellCommand): BuildInput[] {
  const remote = command.words.filter((word) => /^(https?|hkps?):/.test(word.value) || /^[\w-]+(\.[\w-]+)+$/.test(word.value));
  return remote.map((word) => input('url', word.value, command.line, 'by-recording', 'a key is fetched'));
}

/** Programs that need a login of their own. */
export function readPrivate(command: ShellCommand): BuildInput[] | undefined {
  if (['scp', 'ssh', 'sftp'].includes(command.name))
    return [resists('url', commandLine(command), command.line, 'credential', 'needs a key of the operator')];
  if (['aws', 'gsutil', 'gcloud', 'azcopy', 'rclone', 'az', 's3cmd', 'mc'].includes(command.name)) {
    return [input('url', commandLine(command), command.line, 'by-recording', 'an object store; a private one needs a credential')];
  }
  return undefined;
}

export function commandLine(command: ShellCommand): string {
  return [command.name, ...command.words.map((word) => word.value)].join(' ').slice(0, 200);
}
