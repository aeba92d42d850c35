import type { BuildInput } from '../../../domain/index.ts';
import { readOptions, subcommandOf, valuesOf } from '../options.ts';
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
  const named = options.operands.map((word) => condaInput(word.value, command.line));
  const files = await Promise.all(valuesOf(options, '-f', '--file').map((word) => fromEnvironment(word.value, command, reading)));
  return [...named, ...files.flat()];
}

export function isConda(command: ShellCommand): boolean {
  return condaPrograms.has(command.name);
}

export function isNpm(command: ShellCommand): boolean {
  return npmPrograms.has(command.name);
}

/** npm, yarn and pnpm: exact with a lock file, else by date, since the registry tells when a version was published. */
export function readNpm(command: ShellCommand, reading: Reading): BuildInput[] {
  const [subcommand, rest] = subcommandOf(command.words, new Set(['--prefix', '--registry']));
  const { operands } = readOptions(rest, new Set(['--prefix', '--registry']));
  if (command.name === 'npx') return subcommand === undefined ? [] : [npmInput(subcommand, command.line)];
  const lock = ['package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml'].some((name) => locate(name, command, reading) !== undefined);
  if (subcommand === 'ci') {
    const unseen = !lock && reading.image.copies.length > 0 && reading.image.fetched.length === 0 && command.directory !== undefined;
    return [unseen ? resists('npm', 'ci', command.line, 'missing-file', 'no COPY brings a lock file into the image') : input('npm', 'ci', command.line, 'exact', 'the lock file holds versions and hashes')];
  }
  if (!['install', 'i', 'add', 'global', undefined].includes(subcommand)) return [];
  if (operands.length > 0) return operands.map((word) => npmInput(word.value, command.line));
  if (subcommand === undefined && command.name !== 'yarn') return [];
  return [input('npm', 'package.json', command.line, lock ? 'exact' : 'by-date', lock ? 'the lock file holds versions' : 'no lock file')];
}

/** Package managers of other languages, whose indexes are not filtered by date. */
export function readOtherLanguages(command: ShellCommand, reading: Reading): BuildInput[] | undefined {
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
    const lock = ['poetry.lock', 'Pipfile.lock', 'pdm.lock', 'uv.lock'].some((file) => locate(file, command, reading) !== undefined);
    return [
      input('pip', commandLine(command), command.line, lock ? 'exact' : 'by-date', lock ? 'the lock file holds versions and hashes' : 'no lock file'),
    ];
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

function condaInput(spec: string, line: number): BuildInput {
  if (/^[^=\s]+==?[^=*\s]+=[^=*\s]+$/.test(spec)) return input('conda', spec, line, 'exact');
  if (/^[^=\s]+==[^=*\s]+$/.test(spec)) return input('conda', spec, line, 'by-date', 'a version without a build');
  return input('conda', spec, line, 'by-date', 'the newest that fits is taken');
}

function npmInput(spec: string, line: number): BuildInput {
  if (/^(git|https?|github:)/.test(spec)) return input('npm', spec, line, 'by-recording', 'an address without a hash');
  return /.@\d+\.\d+\.\d+[\w.+-]*$/.test(spec)
    ? input('npm', spec, line, 'exact')
    : input('npm', spec, line, 'by-date', 'the newest that fits is taken');
}

async function fromEnvironment(path: string, command: ShellCommand, reading: Reading): Promise<BuildInput[]> {
  const located = locate(path, command, reading);
  const text = located === undefined ? undefined : await readText(reading.context.files, located);
  if (text === undefined) {
    if (reading.image.fetched.length > 0) return [input('conda', path, command.line, 'by-recording', 'the file comes from what the build fetches')];
    if (isMade(path, command, reading)) return [input('conda', path, command.line, 'by-recording', 'the file is made while building')];
    return [resists('conda', path, command.line, 'missing-file', 'no COPY brings this file into the image')];
  }
  return environmentLines(text).map(({ spec, pip }) => (pip ? pipInput(spec, command.line, {}) : condaInput(spec, command.line)));
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
