import { posix } from 'node:path';
import { assignmentsOf, wordsOf, type Dockerfile, type Instruction, type Stage } from './dockerfile.ts';
import { expandWord } from './words.ts';

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
      environment: new Map(parent?.environment),
      arguments: new Map(),
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

interface StageState {
  environment: Map<string, string>;
  arguments: Map<string, string>;
  workdir: string;
  user: string;
  shell: string[];
  snapshot?: Scope | undefined;
}

/** Most instructions change nothing, so that they share one scope: 10,000 RUN lines stay linear. */
function snapshotOf(state: StageState): Scope {
  if (state.snapshot) return state.snapshot;
  const environment = new Map(state.environment);
  const given = new Map(state.arguments);
  state.snapshot = {
    lookup: (name) => environment.get(name) ?? given.get(name),
    workdir: state.workdir,
    user: state.user,
    shell: state.shell,
  };
  return state.snapshot;
}

function apply(dockerfile: Dockerfile, instruction: Instruction, state: StageState): void {
  const lookup = (name: string): string | undefined => state.environment.get(name) ?? state.arguments.get(name);
  const first = (): string => wordsOf(instruction, dockerfile.escape, lookup)[0]?.value ?? '';
  switch (instruction.keyword) {
    case 'ENV':
      for (const [name, value] of assignmentsOf(instruction, dockerfile.escape)) {
        state.environment.set(name, expandWord(value ?? '', lookup, dockerfile.escape).value);
      }
      break;
    case 'ARG':
      for (const [name, value] of assignmentsOf(instruction, dockerfile.escape)) {
        const known = value === undefined ? dockerfile.globals.get(name) : expandWord(value, lookup, dockerfile.escape).value;
        if (known !== undefined) state.arguments.set(name, known);
      }
      break;
    case 'WORKDIR':
      state.workdir = posix.resolve('/', state.workdir, expandWord(instruction.text.trim(), lookup, dockerfile.escape).value);
      break;
    case 'USER':
      state.user = first();
      break;
    case 'SHELL':
      state.shell = instruction.json ?? state.shell;
      break;
    default:
      return;
  }
  state.snapshot = undefined;
}
