import type { BuildInput } from '../../../domain/index.ts';
import { readOptions, subcommandOf, valuesOf } from '../options.ts';
import { otherIndexOf } from '../other-indexes.ts';
import { pipInput } from '../pip-specs.ts';
import { input, resists, type Reading } from '../reading.ts';
import type { ShellCommand } from '../shell.ts';
import { readText } from '../source-files.ts';
import { isMade, locate } from './pip.ts';
import { commandLine } from './system.ts';

const condaOptions = new Set([
  '-c',
  '--channel',
  '-n',
  '--name',
  '-p',
  '--prefix',
  '-f',
  '--file',
  '--solver',
  '--repodata-fn',
  '-r',
  '--root-prefix',
]);
const condaPrograms = new Set(['conda', 'mamba', 'micromamba', 'conda-env']);
const npmPrograms = new Set(['npm', 'yarn', 'pnpm', 'npx']);

/** conda and its relatives: by date where the channel's index has times, exact with version and build. */
export async function readConda(command: ShellCommand, reading: Reading): Promise<BuildInput[]> {
  const [first, rest] = subcommandOf(command.words);
  const [subcommand, words] = first === 'env' ? subcommandOf(rest) : [first, rest];
  if (!['install', 'create', 'update', 'upgrade'].includes(subcommand ?? '')) return [];
  const options = readOptions(words, condaOptions);
  const other = await otherIndexOf('conda', command, reading, valuesOf(options, '-c', '--channel').map(({ value }) => value));
  const named = options.operands.map((word) => condaInput(word.value, command.line, other));
  const files = await Promise.all(valuesOf(options, '-f', '--file').map((word) => fromEnvironment(word.value, command, reading, other)));
  return [...named, ...files.flat()];
}

export function isConda(command: ShellCommand): boolean {
  return condaPrograms.has(command.name);
}

export function isNpm(command: ShellCommand): boolean {
  return npmPrograms.has(command.name);
}

/** npm, yarn and pnpm: exact with a lock file, else by date, since the registry tells when a version was published. */
export async function readNpm(command: ShellCommand, reading: Reading): Promise<BuildInput[]> {
  const [subcommand, rest] = subcommandOf(command.words, new Set(['--prefix', '--registry']));
  const { operands } = readOptions(rest, new Set(['--prefix', '--registry']));
  const registries = valuesOf(readOptions(command.words, new Set(['--prefix', '--registry'])), '--registry').map(({ value }) => value);
  const other = await otherIndexOf('npm', command, reading, registries);
  if (command.name === 'npx') return subcommand === undefined ? [] : [npmInput(subcommand, command.line, other)];
  const lock = ['package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml'].some((name) => locate(name, command, reading) !== undefined);
  if (subcommand === 'ci') {
    const unseen = !lock && reading.image.copies.length > 0 && reading.image.fetched.length === 0 && command.directory !== undefined;
    return [unseen ? resists('npm', 'ci', command.line, 'missing-file', 'no COPY brings a lock file into the image') : input('npm', 'ci', command.line, 'exact', 'the lock file holds versions and hashes')];
  }
  if (!['install', 'i', 'add', 'global', undefined].includes(subcommand)) return [];
  if (operands.length > 0) return operands.map((word) => npmInput(word.value, command.line, other));
  if (subcommand === undefined && command.name !== 'yarn') return [];
  if (lock) return [input('npm', 'package.json', command.line, 'exact', 'the lock file holds versions')];
  return [other === undefined ? input('npm', 'package.json', command.line, 'by-date', 'no lock file') : recorded('npm', 'package.json', command.line, other)];
}

/** Package managers of other languages, whose indexes are not filtered by date. */
export function readOtherLanguages(command: ShellCommand, reading: Reading): Promise<BuildInput[]> | BuildInput[] | undefined {
  const { name } = command;
  const [subcommand] = subcommandOf(command.words);
  if (name === 'uvx' || (name === 'uv' && subcommand === 'tool')) {
    const { operands } = readOptions(command.words, new Set(['--from', '--with', '-p', '--python']));
    const tool = operands[name === 'uvx' ? 0 : 2];
    return tool ? [pipInput(tool.value.replace('@', '=='), command.line, {}, tool.unresolved)] : [];
  }
  if (name === 'uv' && subcommand === 'python') return [input('script', commandLine(command), command.line, 'by-recording', 'an interpreter is fetched')];
  if (['poetry', 'pipenv', 'pdm', 'uv'].includes(name)) {
    if (!['install', 'sync', 'add', 'lock', 'update'].includes(subcommand ?? '')) return [];
    return readProject(command, reading);
  }
  const fetching: Record<string, string[]> = {
    cargo: ['install', 'build', 'fetch'],
    go: ['install', 'get', 'build', 'mod'],
    gem: ['install'],
    bundle: ['install'],
    luarocks: ['install'],
    rustup: ['install', 'default', 'toolchain', 'update'],
  };
  if (!(name in fetching)) return undefined;
  return fetching[name]?.includes(subcommand ?? '')
    ? [input('script', commandLine(command), command.line, 'by-recording', `what ${name} fetches shows in a recording`)]
    : [];
}

async function readProject(command: ShellCommand, reading: Reading): Promise<BuildInput[]> {
  const lock = ['poetry.lock', 'Pipfile.lock', 'pdm.lock', 'uv.lock'].some((file) => locate(file, command, reading) !== undefined);
  if (lock) return [input('pip', commandLine(command), command.line, 'exact', 'the lock file holds versions and hashes')];
  const other = command.name === 'uv' ? await otherIndexOf('uv', command, reading) : undefined;
  return [other === undefined ? input('pip', commandLine(command), command.line, 'by-date', 'no lock file') : recorded('pip', commandLine(command), command.line, other)];
}

/** What comes from an index of which we do not see the past. */
function recorded(kind: 'pip' | 'npm' | 'conda', spec: string, line: number, index: string): BuildInput {
  return input(kind, spec, line, 'by-recording', `${index} need not say when a file was uploaded`);
}

function condaInput(spec: string, line: number, other?: string): BuildInput {
  if (/^[^=\s]+==?[^=*\s]+=[^=*\s]+$/.test(spec)) return input('conda', spec, line, 'exact');
  if (other !== undefined) return recorded('conda', spec, line, other);
  if (/^[^=\s]+==[^=*\s]+$/.test(spec)) return input('conda', spec, line, 'by-date', 'a version without a build');
  return input('conda', spec, line, 'by-date', 'the newest that fits is taken');
}

function npmInput(spec: string, line: number, other?: string): BuildInput {
  if (/^(git|https?|github:)/.test(spec)) return input('npm', spec, line, 'by-recording', 'an address without a hash');
  if (/.@\d+\.\d+\.\d+[\w.+-]*$/.test(spec)) return input('npm', spec, line, 'exact');
  return other === undefined ? input('npm', spec, line, 'by-date', 'the newest that fits is taken') : recorded('npm', spec, line, other);
}

async function fromEnvironment(path: string, command: ShellCommand, reading: Reading, configured: string | undefined): Promise<BuildInput[]> {
  const located = locate(path, command, reading);
  const text = located === undefined ? undefined : await readText(reading.context.files, located);
  if (text === undefined) {
    if (reading.image.fetched.length > 0) return [input('conda', path, command.line, 'by-recording', 'the file comes from what the build fetches')];
    if (isMade(path, command, reading)) return [input('conda', path, command.line, 'by-recording', 'the file is made while building')];
    return [resists('conda', path, command.line, 'missing-file', 'no COPY brings this file into the image')];
  }
  const other = configured ?? (await otherIndexOf('conda', command, reading, [text.split(/^dependencies:/m)[0] ?? '']));
  return environmentLines(text).map(({ spec, pip }) => (pip ? pipInput(spec, command.line, {}) : condaInput(spec, command.line, other)));
}

/** The dependencies of an environment.yml or of a plain list, one a line. */
function environmentLines(text: string): { spec: string; pip: boolean }[] {
  if (!/^dependencies:/m.test(text))
    return text
      .split('\n')
      .map((line) => line.replace(/#.*/, '').trim())
      .filter((line) => line !== '')
      .map((spec) => ({ spec, pip: false }));
  const found: { spec: string; pip: boolean }[] = [];
  let pipIndent = Infinity;
  const body = text
    .slice(text.search(/^dependencies:/m))
    .split('\n')
    .slice(1);
  for (const line of body) {
    if (/^\S/.test(line) && !line.startsWith('-')) break;
    const match = /^(\s*)-\s+(.+?)\s*(?:#.*)?$/.exec(line);
    if (!match) continue;
    const indent = (match[1] as string).length;
    const spec = (match[2] as string).replaceAll(/^["']|["']$/g, '');
    if (spec === 'pip:') pipIndent = indent;
    else found.push({ spec, pip: indent > pipIndent });
  }
  return found;
}
