import { posix } from 'node:path';
import type { BuildInput } from '../../../domain/index.ts';
import { readOptions, subcommandOf, valuesOf, type Options } from '../options.ts';
import { hasCredential, isPseudoCommit, withoutUser } from '../pip-specs.ts';
import { input, resists, type Reading } from '../reading.ts';
import type { ShellCommand } from '../shell.ts';
import { hubOfAddress, hubInput } from './hub.ts';

const gitOptions = new Set([
  '-C',
  '-c',
  '--git-dir',
  '--work-tree',
  '-b',
  '--branch',
  '--depth',
  '-o',
  '--origin',
  '-j',
  '--jobs',
  '--reference',
  '--template',
  '--filter',
  '--shallow-since',
  '-m',
]);
const commit = /^[0-9a-f]{40}$/;

/** git clone, submodule, pull, fetch and lfs: exact with a commit, else by date, since commits have times. */
export function readGit(command: ShellCommand, reading: Reading): BuildInput[] | undefined {
  if (command.name !== 'git') return command.name === 'git-lfs' ? [] : undefined;
  const [subcommand, rest] = subcommandOf(command.words, gitOptions);
  const options = readOptions(rest, gitOptions);
  if (subcommand === 'clone') return cloned(options, command, reading);
  if (subcommand === 'submodule' && options.operands[0]?.value === 'update') {
    return [input('git', 'submodules', command.line, 'exact', 'the commit of the repository names them')];
  }
  const secret = subcommand === 'config' ? options.operands.find(({ value }) => hasCredential(value)) : undefined;
  if (secret) return [resists('git', withoutUser(secret.value), command.line, 'credential', 'the address holds a credential, which is never stored')];
  const wanted = options.operands.find(({ value }) => commit.test(value))?.value;
  if (subcommand === 'fetch' && wanted !== undefined) return [input('git', `fetch ${wanted}`, command.line, 'exact')];
  if (subcommand === 'pull' || subcommand === 'fetch') {
    return [
      input(
        'git',
        `${subcommand} ${options.operands.map((word) => word.value).join(' ')}`.trim(),
        command.line,
        'by-date',
        'the newest commit is taken',
      ),
    ];
  }
  if (subcommand === 'lfs' && ['pull', 'fetch', 'clone'].includes(options.operands[0]?.value ?? '')) {
    return [
      input(
        'git',
        `lfs ${options.operands[0]?.value ?? ''}`,
        command.line,
        'by-date',
        'large files follow the commit; their server must still have them',
      ),
    ];
  }
  return [];
}

/** What a later `git checkout` or `git reset` of the same stage takes. */
export interface Checkout {
  directory: string | undefined;
  ref: string;
  line: number;
}

export function checkoutsOf(commands: readonly ShellCommand[]): Checkout[] {
  return commands.flatMap((command) => {
    if (command.name !== 'git') return [];
    const [subcommand, rest] = subcommandOf(command.words, gitOptions);
    if (!['checkout', 'reset', 'switch'].includes(subcommand ?? '')) return [];
    const at = valuesOf(readOptions(command.words, gitOptions), '-C')[0]?.value;
    const ref = readOptions(rest, new Set()).operands.find((word) => word.value !== '.');
    if (!ref) return [];
    const directory = at === undefined ? command.directory : posix.resolve('/', command.directory ?? '/', at);
    return [{ directory, ref: ref.value, line: command.line }];
  });
}

function cloned(options: Options, command: ShellCommand, reading: Reading): BuildInput[] {
  const [address, target] = options.operands;
  if (!address) return [];
  const url = address.value;
  if (hasCredential(url))
    return [resists('git', withoutUser(url), command.line, 'credential', 'the address holds a credential, which is never stored')];
  if (address.unresolved.length > 0 && !/^https?:\/\/[^$/]+\//.test(url)) {
    return [input('git', url, command.line, 'by-recording', `the value of ${address.unresolved.join(', ')} shows only while building`)];
  }
  if (/^(ssh:|git@|[\w.-]+@[\w.-]+:)/.test(url)) return [resists('git', url, command.line, 'credential', 'ssh needs a key of the operator')];
  const directory = cloneDirectory(url, target?.value, command.directory);
  const after = reading.checkouts.find((each) => each.line >= command.line && (each.directory === undefined || each.directory === directory));
  const ref = after?.ref ?? valuesOf(options, '-b', '--branch')[0]?.value;
  const model = hubOfAddress(url);
  if (model !== undefined) return [hubInput(model, ref, command.line)];
  const spec = ref === undefined ? url : `${url}@${ref}`;
  if (ref !== undefined && isPseudoCommit(ref)) return [resists('git', spec, command.line, 'gone', `${ref.length} hexadecimal digits are no commit`)];
  if (ref !== undefined && commit.test(ref)) return [input('git', spec, command.line, 'exact')];
  return [
    input(
      'git',
      spec,
      command.line,
      'by-date',
      ref === undefined
        ? 'no ref; the default branch is taken'
        : /^[0-9a-f]{6,39}$/.test(ref)
          ? 'an abbreviated commit; a later commit may begin alike'
          : `${ref} may move`,
    ),
  ];
}

function cloneDirectory(url: string, target: string | undefined, directory: string | undefined): string | undefined {
  const name = target ?? posix.basename(url.replace(/\/+$/, '')).replace(/\.git$/, '');
  return directory === undefined && !name.startsWith('/') ? undefined : posix.resolve('/', directory ?? '/', name);
}
