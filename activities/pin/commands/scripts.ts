import { posix } from 'node:path';
import type { BuildInput } from '../../../domain/index.ts';
import { input, resists, type Reading } from '../reading.ts';
import type { ShellCommand } from '../shell.ts';
import type { ShellWord } from '../shell-words.ts';
import { readText } from '../source-files.ts';
import { hubCalls, hubInput } from './hub.ts';
import { isMade, locate } from './pip.ts';
import { commandLine } from './system.ts';

const shells = new Set(['sh', 'bash', 'dash', 'zsh', 'ash', 'source', '.']);
const maximumDepth = 8;

/** A file that is run: a plain shell script of the context is followed, everything else only a recording can see. */
export function readScript(command: ShellCommand, reading: Reading): Promise<BuildInput[]> | undefined {
  if (shells.has(command.name)) return shellFile(command, reading);
  if (/^(python|pypy)[\d.]*$/.test(command.name)) return pythonProgram(command, reading);
  return undefined;
}

/** A program given by its path (`./setup.sh`, `/app/install`). */
export async function readProgramFile(path: string, command: ShellCommand, reading: Reading): Promise<BuildInput[]> {
  const located = locate(path, command, reading);
  const text = located === undefined ? undefined : await readText(reading.context.files, located);
  if (located === undefined || text === undefined) return [unknownFile(path, command, reading, located !== undefined)];
  if (/^#!.*\bpython/.test(text)) return pythonText(text, path, command);
  if (!isShell(text, path)) return [opaque(path, command)];
  return followed(text, path, located, command, reading);
}

/** What base images and installers leave to be sourced: it sets variables. */
const settings = /(?:^|\/)(?:\.?(?:bash)?rc|\.bashrc|\.profile|\.bash_profile|profile|bashrc|environment|activate|(?:conda|mamba|micromamba|nvm|setup|setvars)\.(?:sh|bash)|(?:\.cargo|cargo)\/env)$/;

function isSourced({ name }: ShellCommand): boolean {
  return name === 'source' || name === '.';
}

async function shellFile(command: ShellCommand, reading: Reading): Promise<BuildInput[]> {
  if (command.input !== undefined) return reading.followShell(command.input, command, 'here-document');
  const file = command.words.find((word) => !/^[-+]/.test(word.value));
  // With -s the shell reads what is piped into it, and the words are the script's.
  if (!file || command.words.some((word) => /^-[a-z]*s$/.test(word.value)) || (isSourced(command) && settings.test(file.value))) return [];
  if (file.unresolved.length > 0) return [opaque(commandLine(command), command)];
  return readProgramFile(file.value, command, reading);
}

async function followed(text: string, path: string, located: string, command: ShellCommand, reading: Reading): Promise<BuildInput[]> {
  if (reading.following.includes(located) || reading.following.length >= maximumDepth) return [];
  const script = input('script', path, command.line, 'exact', 'a script of the submission; what it fetches is listed');
  return [script, ...(await reading.followShell(text, command, located))];
}

async function pythonProgram(command: ShellCommand, reading: Reading): Promise<BuildInput[]> {
  const { words } = command;
  const inline = words.findIndex((word) => word.value === '-c');
  if (inline >= 0) return pythonText(words[inline + 1]?.value ?? '', 'python -c', command);
  if (command.input !== undefined) return pythonText(command.input, 'python <<', command);
  const module = words.findIndex((word) => word.value === '-m');
  if (module >= 0) return pythonModule(words[module + 1], command);
  const file = words.find((word) => !word.value.startsWith('-'));
  if (!file) return [];
  if (posix.basename(file.value) === 'setup.py')
    return [input('pip', 'setup.py', command.line, 'by-date', 'what the package depends on is resolved as of the date')];
  const located = file.unresolved.length > 0 ? undefined : locate(file.value, command, reading);
  const text = located === undefined ? undefined : await readText(reading.context.files, located);
  return text === undefined ? [unknownFile(file.value, command, reading, located !== undefined)] : pythonText(text, file.value, command);
}

function pythonModule(module: ShellWord | undefined, command: ShellCommand): BuildInput[] {
  const harmless = ['venv', 'virtualenv', 'compileall', 'ensurepip', 'site', 'json.tool', 'zipfile', 'tarfile', 'build'];
  if (!module || harmless.includes(module.value)) return [];
  if (module.value === 'spacy' || module.value === 'nltk.downloader')
    return [input('url', commandLine(command), command.line, 'by-recording', 'data is fetched')];
  return [opaque(commandLine(command), command)];
}

function pythonText(code: string, path: string, command: ShellCommand): BuildInput[] {
  const hub = hubCalls(code).map((each) => hubInput(each.model, each.revision, command.line));
  const fetches = /\b(urlopen|urlretrieve|requests\.|httpx\.|nltk\.download|torch\.hub|gdown|wget|subprocess|os\.system|download)\b/.test(code);
  if (hub.length > 0 && !fetches) return hub;
  if (path === 'python -c' && !fetches && !ofHubs.test(code)) return [];
  return [...hub, opaque(path, command)];
}

/** Libraries that fetch models and data where they are told to load them. */
const ofHubs = /\b(?:from_pretrained|pipeline|load_dataset|snapshot_download|hf_hub_download|load_model|SentenceTransformer|CrossEncoder|create_model)\b/;

function unknownFile(path: string, command: ShellCommand, reading: Reading, unreadable: boolean): BuildInput {
  if (unreadable) return opaque(path, command);
  if (reading.image.copies.length === 0 || reading.image.fetched.length > 0 || command.directory === undefined) {
    return input('script', path, command.line, 'by-recording', 'the program is not of the submission; what it fetches shows in a recording');
  }
  if (!/\.(sh|py|bash)$/.test(path) || isMade(path, command, reading)) return opaque(path, command);
  return resists('script', path, command.line, 'missing-file', 'no COPY brings this file into the image');
}

function opaque(spec: string, command: ShellCommand): BuildInput {
  return input('script', spec, command.line, 'by-recording', 'not followed; what it fetches shows in a recording');
}

function isShell(text: string, path: string): boolean {
  const shebang = /^#!\s*(\S+)(?:\s+(\S+))?/.exec(text);
  if (!shebang) return /\.(sh|bash)$/.test(path) || !text.slice(0, 1000).includes('\0');
  return /(^|\/)(ba|da|z|a|k)?sh$/.test(shebang[1] as string) || /^(ba|da|z|a|k)?sh$/.test(shebang[2] ?? '');
}
