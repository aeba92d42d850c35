import { posix } from 'node:path';
import type { Dockerfile, Instruction } from '../pin/dockerfile.ts';
import { contextPathOf, noImageFiles, type ImageFiles } from '../pin/image-files.ts';
import type { Analysis } from '../pin/inputs.ts';
import type { BuildContext } from '../pin/copy-sources.ts';
import { plainText } from '../pin/logical-text.ts';
import { readExec } from '../pin/run-text.ts';
import type { Scope } from '../pin/scope.ts';
import { readShell, type ShellCommand } from '../pin/shell.ts';
import { readText } from '../pin/source-files.ts';

/** What the image starts, as far as it can be followed. */
export interface Started {
  commands: ShellCommand[];
  /** Python files of the context that are started or imported by one that is, by path in the context. */
  python: Map<string, PythonFile>;
  /** Programs that are started and are not in the context: of the base image, or fetched. */
  unknown: string[];
  line: number;
  scope: Pick<Scope, 'lookup' | 'workdir'>;
}

export interface PythonFile {
  text: string;
  /** Whether it is started itself, rather than imported. */
  entry: boolean;
}

/** Most files that imports are followed through. */
const maximumFiles = 200;
const servers = new Set(['uvicorn', 'gunicorn', 'hypercorn', 'daphne', 'waitress-serve']);
const launchers = new Set(['torchrun', 'accelerate', 'deepspeed']);

/** Follows ENTRYPOINT and CMD of the last stage into the files that they start. */
export async function readStarted(dockerfile: Dockerfile, analysis: Analysis, context: BuildContext): Promise<Started | undefined> {
  const stage = dockerfile.stages.at(-1);
  if (!stage) return undefined;
  const steps = analysis.steps.filter((step) => step.stage.index === stage.index);
  const last = (keyword: string): Instruction | undefined => steps.findLast((step) => step.instruction.keyword === keyword)?.instruction;
  const [entrypoint, cmd] = [last('ENTRYPOINT'), last('CMD')];
  const scope = steps.at(-1)?.scope ?? { lookup: () => undefined, workdir: '/' };
  const started: Started = { commands: [], python: new Map(), unknown: [], line: (cmd ?? entrypoint)?.line ?? stage.from.line, scope };
  started.commands.push(...startCommands(entrypoint, cmd, scope));
  const reader: Reader = { started, context, image: analysis.images[stage.index] ?? noImageFiles(), seen: new Set() };
  const first = started.commands.slice();
  for (const command of first) await follow(command, reader);
  return started;
}

interface Reader {
  started: Started;
  context: BuildContext;
  image: ImageFiles;
  seen: Set<string>;
}

function startCommands(entrypoint: Instruction | undefined, cmd: Instruction | undefined, scope: Started['scope']): ShellCommand[] {
  if (!entrypoint) return cmd ? commandsOf(cmd, [], scope) : [];
  // The shell form of ENTRYPOINT takes no arguments from CMD.
  return commandsOf(entrypoint, entrypoint.json ? (cmd?.json ?? []) : [], scope);
}

function commandsOf(instruction: Instruction, more: string[], scope: Started['scope']): ShellCommand[] {
  if (instruction.json) return readExec([...instruction.json, ...more], instruction.line, scope).commands;
  return readShell(instruction, scope.lookup, scope.workdir).commands;
}

async function follow(command: ShellCommand, reader: Reader): Promise<void> {
  const { name, words } = command;
  const operands = words.filter((word) => !word.value.startsWith('-')).map((word) => word.value);
  if (servers.has(name)) return followModule(operands.find((each) => /^[\w.]+:\w+/.test(each))?.split(':')[0], directoryOption(command), reader);
  if (/^(python|pypy)[\d.]*$/.test(name)) {
    const module = words.findIndex((word) => word.value === '-m');
    if (module >= 0) {
      const target = words[module + 1]?.value;
      const inner = words.slice(module + 2);
      if (target !== undefined && (servers.has(target) || launchers.has(target))) return follow({ ...command, name: target, words: inner }, reader);
      if (target !== undefined && target.startsWith('torch.distributed.')) return follow({ ...command, name: 'torchrun', words: inner }, reader);
      return followModule(target, command.directory, reader);
    }
    return followFile(operands[0], command, reader);
  }
  if (launchers.has(name) || name === 'fastapi' || name === 'streamlit')
    return followFile(
      operands.find((each) => each.endsWith('.py')),
      command,
      reader,
    );
  if (name === 'flask') return followFile(flaskFile(command, reader), command, reader);
  if (['bash', 'sh', 'source', '.', 'dash'].includes(name)) return followFile(operands[0], command, reader);
  if (command.program.includes('/')) await followFile(command.program, command, reader);
}

async function followFile(path: string | undefined, command: ShellCommand, reader: Reader): Promise<void> {
  if (path === undefined) return;
  const located =
    command.directory === undefined && !path.startsWith('/')
      ? undefined
      : contextPathOf(reader.image, reader.context, posix.resolve(command.directory ?? '/', path));
  if (located === undefined) return void reader.started.unknown.push(path);
  if (located.endsWith('.py')) return addPython(located, true, reader);
  if (reader.seen.has(located)) return;
  reader.seen.add(located);
  const text = await readText(reader.context.files, located);
  if (text === undefined) return void reader.started.unknown.push(path);
  if (/^#!.*python/.test(text)) return addPython(located, true, reader);
  const inner = readShell(
    { ...plainText(text.replaceAll('\r\n', '\n')), lineAt: () => command.line },
    reader.started.scope.lookup,
    command.directory,
  ).commands;
  reader.started.commands.push(...inner);
  for (const each of inner) await follow(each, reader);
}

async function followModule(module: string | undefined, directory: string | undefined, reader: Reader): Promise<void> {
  if (module === undefined) return;
  const path = module.replaceAll('.', '/');
  const base = directory ?? reader.started.scope.workdir;
  for (const candidate of [`${path}.py`, `${path}/__main__.py`, `${path}/__init__.py`]) {
    const located = contextPathOf(reader.image, reader.context, posix.resolve('/', base, candidate));
    if (located !== undefined) return addPython(located, true, reader);
  }
  reader.started.unknown.push(module);
}

async function addPython(path: string, entry: boolean, reader: Reader): Promise<void> {
  const { python } = reader.started;
  if (python.has(path) || python.size >= maximumFiles) return;
  const text = await readText(reader.context.files, path);
  if (text === undefined) return;
  python.set(path, { text, entry });
  for (const module of importsOf(text)) await addImport(module, path, reader);
}

async function addImport(module: string, from: string, reader: Reader): Promise<void> {
  const dots = /^\.*/.exec(module)?.[0].length ?? 0;
  const name = module.slice(dots).replaceAll('.', '/');
  const own = posix.dirname(from);
  const roots = dots > 0 ? [posix.join(own, '../'.repeat(dots - 1))] : [own, '.'];
  for (const root of roots) {
    for (const candidate of [`${name}.py`, `${name}/__init__.py`].map((each) => posix.join(root, each))) {
      if (!candidate.startsWith('..') && reader.context.files.kindOf(candidate) === 'file') return addPython(candidate, false, reader);
    }
  }
}

function importsOf(text: string): string[] {
  return [...text.matchAll(/^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]+([\w, \t]+)|import[ \t]+([\w., \t]+))/gm)].flatMap(
    ([, from, names, plain]) => {
      if (plain !== undefined)
        return plain
          .split(',')
          .map((each) => each.trim().split(/\s/)[0] ?? '')
          .filter(Boolean);
      const modules = (names ?? '')
        .split(',')
        .map((each) => each.trim().split(/\s/)[0] ?? '')
        .filter(Boolean);
      const base = from ?? '';
      return [base, ...modules.map((each) => (base.endsWith('.') ? `${base}${each}` : `${base}.${each}`))];
    },
  );
}

function directoryOption(command: ShellCommand): string | undefined {
  const index = command.words.findIndex((word) => ['--app-dir', '--chdir', '-c'].includes(word.value));
  const given =
    index >= 0 ? command.words[index + 1]?.value : command.words.find((word) => /^--(app-dir|chdir)=/.test(word.value))?.value.split('=')[1];
  return given === undefined ? command.directory : posix.resolve(command.directory ?? '/', given);
}

function flaskFile(command: ShellCommand, reader: Reader): string | undefined {
  const index = command.words.findIndex((word) => word.value === '--app' || word.value === '-A');
  const app =
    (index >= 0 ? command.words[index + 1]?.value : undefined) ??
    command.assignments['FLASK_APP'] ??
    reader.started.scope.lookup('FLASK_APP') ??
    'app.py';
  const file = app.split(':')[0] ?? app;
  return file.endsWith('.py') ? file : `${file.replaceAll('.', '/')}.py`;
}
