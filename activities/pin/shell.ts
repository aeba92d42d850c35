import { posix } from 'node:path';
import { forEachChild, parse, type Assignment, type Command, type DoubleQuotedChild, type SyntaxNode, type Word, type WordPart } from 'unbash';
import { plainText, type LogicalText } from './logical-text.ts';
import { unwrap } from './wrappers.ts';
import type { Lookup } from './words.ts';

export interface ShellWord {
  value: string;
  /** Variables and substitutions whose value shows only while building. */
  unresolved: string[];
}

/** One simple command, with what surrounds it as far as an input depends on it. */
export interface ShellCommand {
  /** Last part of the program's path: `/usr/bin/pip3` -> `pip3`. */
  name: string;
  words: ShellWord[];
  line: number;
  /** Directory in which it runs; undefined where a `cd` went to somewhere unknown. */
  directory: string | undefined;
  /** Files written by `>` and `>>`, as they stand there. */
  writes: { operator: string; target: string; line: number }[];
  /** Program that reads this command's output through a pipe. */
  pipedInto?: string;
  /** Here-document or here-string given on standard input. */
  input?: string;
  /** Assignments before the command: `PIP_INDEX_URL=… pip install`. */
  assignments: Record<string, string>;
}

export interface ShellReading {
  commands: ShellCommand[];
  /** Syntax errors with their line. */
  errors: { message: string; line: number }[];
}

interface State {
  text: LogicalText;
  source: string;
  lookup: Lookup;
  variables: Map<string, string>;
  directory: string | undefined;
  depth: number;
  reading: ShellReading;
}

/** Deepest `sh -c 'sh -c …'` that is followed. */
const maximumDepth = 8;

/** The simple commands of a shell text in the order in which they stand; follows cd, assignments, `sh -c`, sudo and the like. */
export function readShell(text: LogicalText, lookup: Lookup, directory: string | undefined): ShellReading {
  const state: State = { text, source: text.text, lookup, variables: new Map(), directory, depth: 0, reading: { commands: [], errors: [] } };
  readScript(state);
  return state.reading;
}

function readScript(state: State): void {
  const script = parse(state.source);
  for (const error of script.errors ?? []) state.reading.errors.push({ message: error.message, line: state.text.lineAt(error.pos) });
  visit(script, state);
}

function visit(node: SyntaxNode, state: State, pipedInto?: string): void {
  if (node.type === 'Command') {
    readCommand(node, state, pipedInto);
  } else if (node.type === 'Pipeline') {
    node.commands.forEach((each, index) => visit(each, state, programOf(node.commands[index + 1])));
  } else if (node.type === 'Subshell') {
    const before = state.directory;
    visitChildren(node, state);
    state.directory = before;
  } else {
    visitChildren(node, state);
  }
}

function visitChildren(node: SyntaxNode, state: State): void {
  forEachChild(node, (child) => visit(child, state));
}

function readCommand(node: Command, state: State, pipedInto: string | undefined): void {
  const assignments = assignmentsOf(node, state);
  const words = (node.name ? [node.name, ...node.args] : []).map((word) => valueOf(word, state));
  for (const word of [node.name, ...node.args]) if (word?.type === 'Word') visitSubstitutions(word, state);
  if (words.length === 0) {
    for (const [name, value] of Object.entries(assignments)) state.variables.set(name, value);
    return;
  }
  const unwrapped = unwrap(words);
  const program = unwrapped.words[0];
  if (unwrapped.script !== undefined) readNested(unwrapped.script, node, state);
  if (!program) return;
  const command = { ...surroundings(node, state, pipedInto), assignments, words: unwrapped.words.slice(1), name: posix.basename(program.value) };
  if (['export', 'declare', 'local', 'readonly'].includes(command.name)) keepExports(command.words, state);
  if (command.name === 'cd' || command.name === 'pushd') state.directory = changed(state.directory, command.words);
  state.reading.commands.push(command);
}

function surroundings(node: Command, state: State, pipedInto: string | undefined): Omit<ShellCommand, 'name' | 'words' | 'assignments'> {
  const writes: ShellCommand['writes'] = [];
  let input: string | undefined;
  for (const redirect of node.redirects) {
    if (redirect.type === 'HereDoc') input = redirect.body.text;
    else if (redirect.type === 'HereString') input = redirect.target && valueOf(redirect.target, state).value;
    else if (redirect.target && redirect.operator.includes('>')) {
      writes.push({ operator: redirect.operator, target: redirect.target.text, line: state.text.lineAt(redirect.pos) });
    }
  }
  return {
    line: state.text.lineAt(node.pos),
    directory: state.directory,
    writes,
    ...(pipedInto === undefined ? {} : { pipedInto }),
    ...(input === undefined ? {} : { input }),
  };
}

function readNested(script: ShellWord, node: Command, state: State): void {
  if (state.depth >= maximumDepth || script.unresolved.length > 0) return;
  const line = state.text.lineAt(node.pos);
  const text = plainText(script.value, line);
  readScript({ ...state, text: { ...text, lineAt: () => line }, source: script.value, depth: state.depth + 1, variables: new Map(state.variables) });
}

/** Only `$( … )` and the like hold commands; positions in them index the same source. */
function visitSubstitutions(node: Word | WordPart, state: State): void {
  forEachChild(node, (child) => {
    if (child.type !== 'Script') return visitSubstitutions(child as WordPart, state);
    const before = state.directory;
    visit(child, state);
    state.directory = before;
  });
}

function programOf(node: SyntaxNode | undefined): string | undefined {
  if (node?.type !== 'Command' || !node.name) return undefined;
  const words = [node.name, ...node.args].map((word) => ({ value: word.type === 'Word' ? word.value : word.text, unresolved: [] }));
  const program = unwrap(words).words[0] ?? words[0];
  return program && posix.basename(program.value);
}

function assignmentsOf(node: Command, state: State): Record<string, string> {
  const assignments: Record<string, string> = {};
  for (const each of node.prefix) {
    if (each.type === 'Assignment' && each.value.type === 'Word') assignments[each.name] = valueOf(each.value, state).value;
  }
  return assignments;
}

function keepExports(words: ShellWord[], state: State): void {
  for (const { value } of words) {
    const match = /^([A-Za-z_]\w*)=([^]*)$/.exec(value);
    if (match) state.variables.set(match[1] as string, match[2] as string);
  }
}

function changed(directory: string | undefined, words: ShellWord[]): string | undefined {
  const target = words.find((word) => !word.value.startsWith('-'));
  if (!target) return '/root';
  if (target.unresolved.length > 0 || target.value === '-') return undefined;
  if (target.value.startsWith('/')) return posix.normalize(target.value);
  if (target.value.startsWith('~')) return posix.join('/root', target.value.slice(1));
  return directory === undefined ? undefined : posix.join(directory, target.value);
}

function valueOf(word: Word | Assignment, state: State): ShellWord {
  if (word.type === 'Assignment') {
    const value = word.value.type === 'Word' ? valueOf(word.value, state) : { value: '', unresolved: [] };
    return { value: `${word.name}=${value.value}`, unresolved: value.unresolved };
  }
  if (!word.parts) return { value: word.value, unresolved: [] };
  return joined(word.parts, state);
}

function joined(parts: readonly (WordPart | DoubleQuotedChild)[], state: State): ShellWord {
  const all = parts.map((part) => partValue(part, state));
  return { value: all.map((each) => each.value).join(''), unresolved: all.flatMap((each) => each.unresolved) };
}

function partValue(part: WordPart | DoubleQuotedChild, state: State): ShellWord {
  switch (part.type) {
    case 'Literal':
    case 'SingleQuoted':
    case 'AnsiCQuoted':
      return { value: part.value, unresolved: [] };
    case 'DoubleQuoted':
    case 'LocaleString':
      return joined(part.parts, state);
    case 'SimpleExpansion':
      return variable(part.text.slice(1), part.text, state);
    case 'ParameterExpansion':
      return parameter(part, state);
    case 'CommandExpansion':
    case 'ArithmeticExpansion':
    case 'ProcessSubstitution':
      return { value: part.text, unresolved: [part.text.slice(0, 60)] };
    default:
      return { value: part.text, unresolved: [] };
  }
}

function variable(name: string, text: string, state: State): ShellWord {
  const value = state.variables.get(name) ?? state.lookup(name) ?? wellKnown[name];
  return value === undefined ? { value: text, unresolved: [name] } : { value, unresolved: [] };
}

const wellKnown: Record<string, string> = { HOME: '/root' };

function parameter(part: Extract<WordPart, { type: 'ParameterExpansion' }>, state: State): ShellWord {
  const plain = variable(part.parameter, part.text, state);
  const { operation } = part;
  if (!operation && part.prefix === undefined) return plain;
  if (operation?.type !== 'Default') return { value: part.text, unresolved: [part.text] };
  const present = plain.unresolved.length === 0 && (plain.value !== '' || !operation.operator.startsWith(':'));
  if (operation.operator.endsWith('+')) return present ? valueOf(operation.operand, state) : { value: '', unresolved: [] };
  if (operation.operator.endsWith('?')) return plain;
  return present ? plain : valueOf(operation.operand, state);
}
