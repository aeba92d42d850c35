import { posix } from 'node:path';
import { assignmentsOf, wordsOf, type Dockerfile, type Instruction, type Stage } from './dockerfile.ts';
import { expandWord, type Lookup } from './words.ts';

/** What holds while an instruction runs. */
export interface Scope {
  /** ENV and ARG values; ENV wins over ARG as in the builder. */
  lookup(name: string): string | undefined;
  workdir: string;
  user: string;
  shell: string[];
}

export interface Step {
  stage: Stage;
  instruction: Instruction;
  scope: Scope;
}

/** Every instruction after its FROM, in order, with the variables, directory and user that hold there. */
export function stepsOf(dockerfile: Dockerfile): Step[] {
  const ends: StageState[] = [];
  return dockerfile.stages.flatMap((stage) => {
    const parent = stage.parent === undefined ? undefined : ends[stage.parent];
    const state: StageState = {
      count: 0,
      environment: new Map(),
      arguments: new Map(),
      inherited: parent ? lookupAt(parent, parent.count, 'environment') : () => undefined,
      depth: (parent?.depth ?? 0) + 1,
      workdir: parent?.workdir ?? '/',
      user: parent?.user ?? '',
      shell: parent?.shell ?? ['/bin/sh', '-c'],
    };
    ends[stage.index] = state;
    return stage.instructions.map((instruction) => {
      apply(dockerfile, instruction, state);
      return { stage, instruction, scope: snapshotOf(state) };
    });
  });
}

/** The values that a variable takes in a stage, each with the count of changes before it; so that scopes need no copies. */
type History = Map<string, { since: number; value: string }[]>;

interface StageState {
  /** Changes of variables so far. */
  count: number;
  environment: History;
  arguments: History;
  inherited(name: string): string | undefined;
  /** Stages below this one, itself included. */
  depth: number;
  workdir: string;
  user: string;
  shell: string[];
  snapshot?: Scope | undefined;
}

/** Longest chain of stages through which variables are looked up; real files have at most ten. */
const maximumDepth = 100;

/** Most instructions change nothing, so that they share one scope: 10,000 RUN lines stay linear. */
function snapshotOf(state: StageState): Scope {
  state.snapshot ??= { lookup: lookupAt(state, state.count), workdir: state.workdir, user: state.user, shell: state.shell };
  return state.snapshot;
}

/** ENV wins over ARG as in the builder; ARG is not inherited. */
function lookupAt(state: StageState, count: number, only?: 'environment'): Lookup {
  return (name) => {
    const environment = valueAt(state.environment, name, count);
    if (environment !== undefined) return environment;
    const inherited = state.depth < maximumDepth ? state.inherited(name) : undefined;
    return inherited ?? (only === undefined ? valueAt(state.arguments, name, count) : undefined);
  };
}

function valueAt(history: History, name: string, count: number): string | undefined {
  return history.get(name)?.findLast(({ since }) => since <= count)?.value;
}

function change(state: StageState, history: History, name: string, value: string): void {
  state.count += 1;
  const values = history.get(name) ?? [];
  values.push({ since: state.count, value });
  history.set(name, values);
}

function apply(dockerfile: Dockerfile, instruction: Instruction, state: StageState): void {
  const lookup = lookupAt(state, Infinity);
  const { escape } = dockerfile;
  switch (instruction.keyword) {
    case 'ENV':
      for (const [name, value] of assignmentsOf(instruction, escape))
        change(state, state.environment, name, expandWord(value ?? '', lookup, escape).value);
      break;
    case 'ARG':
      for (const [name, value] of assignmentsOf(instruction, escape)) {
        const known = value === undefined ? dockerfile.globals.get(name) : expandWord(value, lookup, escape).value;
        if (known !== undefined) change(state, state.arguments, name, known);
      }
      break;
    case 'WORKDIR':
      state.workdir = posix.resolve('/', state.workdir, expandWord(instruction.text.trim(), lookup, escape).value).slice(0, longestPath);
      break;
    case 'USER':
      state.user = wordsOf(instruction, escape, lookup)[0]?.value ?? '';
      break;
    case 'SHELL':
      state.shell = instruction.json ?? state.shell;
      break;
    default:
      return;
  }
  state.snapshot = undefined;
}

/** PATH_MAX of Linux: 10,000 relative WORKDIRs do not grow without end. */
const longestPath = 4_096;
