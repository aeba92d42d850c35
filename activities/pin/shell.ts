import { posix } from 'node:path';
import { forEachChild, parse, type Command, type SyntaxNode } from 'unbash';
import { plainText, type LogicalText } from './logical-text.ts';
import { type ShellWord, valueOf } from './shell-words.ts';
import type { Lookup } from './words.ts';
import { unwrap } from './wrappers.ts';

/** One simple command, with what surrounds it as far as an input depends on it. */
export interface ShellCommand {
  /** Last part of the program's path: `/usr/bin/pip3` -> `pip3`. */
  name: string;
  /** The program as it stands there. */
  program: string;
  words: ShellWord[];
  line: number;
  /** Directory in which it runs; undefined where a `cd` went to somewhere unknown. */
  directory: string | undefined;
  /** Redirections of standard output and input to and from files, as they stand there; not `2>&1`. */
  redirects: { operator: string; target: string; line: number }[];
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
  /** Names of the functions that the text defines. */
  functions: Set<string>;
}

interface State {
  text: LogicalText;
  source: string;
  lookup: Lookup;
  variables: Map<string, string>;
  directory: string | undefined;
  depth: number;
  nesting: number;
  reading: ShellReading;
}

/** Deepest `sh -c 'sh -c …'` that is followed. */
const maximumDepth = 8;
/** Deepest nesting of compound commands that is followed; a substitution counts for several, as the parser recurses in it. */
const maximumNesting = 200;
const substitutionWeight = 10;

/** The simple commands of a shell text in the order in which they stand; follows cd, assignments, `sh -c`, sudo and the like. */
export function readShell(text: LogicalText, lookup: Lookup, directory: string | undefined): ShellReading {
  const state: State = {
    text,
    source: text.text,
    lookup,
    variables: new Map(),
    directory,
    depth: 0,
    nesting: 0,
    reading: { commands: [], errors: [], functions: new Set() },
  };
  readScript(state);
  return state.reading;
}

function readScript(state: State): void {
  const script = parse(state.source);
  for (const error of script.errors ?? []) state.reading.errors.push({ message: error.message, line: state.text.lineAt(error.pos) });
  visit(script, state);
}

function visit(node: SyntaxNode, state: State, pipedInto?: string): void {
  // No person nests so deeply, and what does would exhaust the stack.
  if (state.nesting >= maximumNesting) return;
  state.nesting += node.type === 'Script' ? substitutionWeight : 1;
  visitNode(node, state, pipedInto);
  state.nesting -= node.type === 'Script' ? substitutionWeight : 1;
}

function visitNode(node: SyntaxNode, state: State, pipedInto: string | undefined): void {
  if (node.type === 'Command') {
    readCommand(node, state, pipedInto);
  } else if (node.type === 'Pipeline') {
    node.commands.forEach((each, index) => visit(each, state, programOf(node.commands[index + 1])));
  } else if (node.type === 'Function') {
    state.reading.functions.add(node.name.value);
    visitChildren(node.body, state);
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
  const all = (node.name ? [node.name, ...node.args] : []).map((word) => valueOf(word, state));
  const start = all.findIndex((word) => word.value !== '');
  const words = start < 0 ? [] : all.slice(start);
  for (const word of [...node.prefix, node.name, ...node.args]) if (word) visitSubstitutions(word, state);
  if (words.length === 0) {
    for (const [name, value] of Object.entries(assignments)) state.variables.set(name, value);
    return;
  }
  const unwrapped = unwrap(words);
  const program = unwrapped.words[0];
  if (unwrapped.script !== undefined) readNested(unwrapped.script, node, state);
  if (!program) return;
  const command = {
    ...surroundings(node, state, pipedInto),
    assignments,
    words: unwrapped.words.slice(1),
    program: program.value,
    name: posix.basename(program.value),
  };
  if (['export', 'declare', 'local', 'readonly'].includes(command.name)) keepExports(command.words, state);
  if (command.name === 'cd' || command.name === 'pushd') state.directory = changed(state.directory, command.words);
  state.reading.commands.push(command);
}

function surroundings(node: Command, state: State, pipedInto: string | undefined): Omit<ShellCommand, 'name' | 'program' | 'words' | 'assignments'> {
  const redirects: ShellCommand['redirects'] = [];
  let input: string | undefined;
  for (const redirect of node.redirects) {
    if (redirect.type === 'HereDoc') input = redirect.delimiter?.quoted ? redirect.body.text : redirect.body.text.replaceAll(/\\([$`\\])/g, '$1');
    else if (redirect.type === 'HereString') input = redirect.target && valueOf(redirect.target, state).value;
    else if (redirect.target && !redirect.descriptor && !redirect.operator.includes('&')) {
      redirects.push({ operator: redirect.operator, target: redirect.target.text, line: state.text.lineAt(redirect.pos) });
    }
  }
  return {
    line: state.text.lineAt(node.pos),
    directory: state.directory,
    redirects,
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
function visitSubstitutions(node: SyntaxNode, state: State): void {
  forEachChild(node, (child) => {
    if (child.type !== 'Script') return visitSubstitutions(child, state);
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
