import { failure } from '../failure.ts';
import { parseDockerfile } from '../pin/dockerfile.ts';
import { mountOptions } from '../pin/mounts.ts';
import { stepsOf } from '../pin/scope.ts';
import { expandWord } from '../pin/words.ts';
import { sha256Of } from '../stage.ts';
import type { AddedStage } from './added-stages.ts';

/** What a step finds at a path while it runs: files of the context, or of another stage or image. */
export interface BindMount {
  /** The stage that stands for where it comes from; undefined for the context. */
  stage: string | undefined;
  source: string;
  /** As it is written; relative to the step's directory. */
  target: string;
}

export interface BoundStep {
  line: number;
  /** `Dockerfile line 3: RUN --mount=…`, for messages. */
  place: string;
  /** By which the step names itself, and which changes with all that its mounts may hold: the engine's cache goes by it. */
  key: string;
  binds: BindMount[];
}

/**
 * The steps with bind mounts. `identity` is that of the context. Failures: DOCKERFILE_UNSUPPORTED for a path that cannot be told before the
 * build, and for a command that would not come back to take the files away.
 */
export function boundSteps(name: string, text: string, identity: unknown): { steps: BoundStep[]; stages: AddedStage[] } {
  if (!text.includes('--mount=')) return { steps: [], stages: [] };
  const dockerfile = parseDockerfile(Buffer.from(text));
  const stages: AddedStage[] = [];
  const steps = stepsOf(dockerfile).flatMap(({ instruction, scope, stage }): BoundStep[] => {
    const { keyword, options, line, json, text: command } = instruction;
    const mounts = options.filter((option) => keyword === 'RUN' && isBind(option));
    if (mounts.length === 0) return [];
    const place = `${name} line ${line}: RUN ${mounts[0]?.slice(0, 160) ?? ''}`;
    if (!json && /(?:^|[;&|(]|\n)\s*(?:exec|trap)\s/.test(command)) throw unsupported(place, 'beside `exec` or `trap`; COPY what the step needs before it');
    const binds = mounts.map((mount): BindMount => {
      const given = mountOptions(mount);
      const value = (...names: string[]): string => checked(expandWord(names.map((each) => given.get(each)).find((each) => each !== undefined) ?? '', scope.lookup, dockerfile.escape).value, place);
      const [from, source, target] = [value('from'), value('source', 'src'), value('target', 'dst', 'destination').replace(/(?<=.)\/+$/, '')];
      if (/^\/*$/.test(target)) throw unsupported(place, 'without a target below the root');
      if (from === '') return { stage: undefined, source, target };
      const added = { name: `reprise-mount-${stages.length + 1}`, before: stage.index, beforeLine: stage.from.line, line, from, instructions: [] };
      stages.push(added);
      return { stage: added.name, source, target };
    });
    return [{ line, place, binds, key: sha256Of({ identity, text, line }) }];
  });
  return { steps, stages };
}

function isBind(flag: string): boolean {
  return /^--mount=/i.test(flag) && (mountOptions(flag).get('type')?.toLowerCase() ?? 'bind') === 'bind';
}

/** It goes into a line of shell, between double quotes. */
function checked(path: string, place: string): string {
  if (/^[\w./@+:~,-]*$/.test(path) && !/(?:^|\/)\.\.(?:\/|$)/.test(path)) return path;
  throw unsupported(place, `with ${path}: its paths need values in the Dockerfile, of letters, digits, dots, hyphens and underscores`);
}

function unsupported(place: string, reason: string): Error {
  return failure('DOCKERFILE_UNSUPPORTED', `${place} is not built here ${reason}`);
}

/** Where a step keeps what its mounts hide, and hears that they are there. */
export const holdDirectory = '/tmp/.reprise-bind';

const waiting = 'reprise-bind';

/**
 * What stands before the command of such a step: puts aside what is at the targets, says that it waits for the files, goes on when they are
 * there, and in the end takes away what the targets hold then and puts back what was there. A user who may not remove the mount point
 * itself leaves it empty, as BuildKit does. `ends` is what else is to be done in the end.
 */
export function bindPrelude({ key, binds }: BoundStep, ends: readonly string[]): string {
  const numbers = binds.map((_bind, index) => index + 1);
  const take = `reprise_each() { for f in "$1"/* "$1"/.[!.]* "$1"/..?*; do if [ -e "$f" ] || [ -L "$f" ]; then mv "$f" "$2/" || exit 1; fi; done; };`;
  const bind = `reprise_bind() { t="$2"; case "$t" in /*) ;; *) t="$PWD/$t";; esac; eval "reprise_t$1=\\$t"; s=-; if [ -d "$t" ]; then s=d; mkdir "$reprise_hold/$1" && reprise_each "$t" "$reprise_hold/$1"; elif [ -e "$t" ] || [ -L "$t" ]; then mkdir "$reprise_hold/$1" && mv "$t" "$reprise_hold/$1.file" || exit 1; else p="\${t%/}"; while q="\${p%/*}" && [ -n "$q" ] && [ "$q" != "$p" ] && [ ! -e "$q" ]; do p="$q"; done; eval "reprise_m$1=\\$p"; mkdir -p "\${t%/*}/" 2>/dev/null || :; fi; reprise_s="$reprise_s$s"; };`;
  const back = `reprise_back() { eval "t=\\$reprise_t$1 p=\\$reprise_m$1"; if [ -e "$reprise_hold/$1.file" ] || [ -L "$reprise_hold/$1.file" ]; then rm -rf "$t" && mv "$reprise_hold/$1.file" "$t"; elif [ -n "$p" ]; then rm -rf "$p" 2>/dev/null || { [ -d "$t" ] || : > "$t"; } && [ -z "$(ls -A "$t" 2>/dev/null | head -n 1)" ] || [ ! -s "$t" ]; else mkdir -p "$reprise_hold/gone$1" && reprise_each "$t" "$reprise_hold/gone$1" && reprise_each "$reprise_hold/$1" "$t"; fi || exit 1; };`;
  const end = `trap 'reprise_e=$?; ${numbers.toReversed().map((number) => `reprise_back ${number};`).join(' ')} ${ends.map((each) => `${each};`).join(' ')} rm -rf $reprise_hold; exit $reprise_e' EXIT;`;
  const say = `echo "${waiting} ${key} $(id -u) $(id -g) $reprise_s"; until [ -e $reprise_hold/ready ]; do sleep 0.1 2>/dev/null || sleep 1; done;`;
  return `reprise_hold=${holdDirectory}; mkdir -p $reprise_hold || exit 1; reprise_s=; ${take} ${bind} ${back} ${binds.map(({ target }, index) => `reprise_bind ${index + 1} "${target}";`).join(' ')} ${end} ${say} unset -f reprise_bind;`;
}

/** What a step says that waits for its mounts. */
export interface WaitingStep {
  key: string;
  uid: number;
  gid: number;
  /** For each mount, whether its target is a directory of the image. */
  directories: boolean[];
}

export function waitingStep(output: string): WaitingStep | undefined {
  const match = new RegExp(`^${waiting} ([0-9a-f]{64}) (\\d+) (\\d+) ([d-]+)$`, 'm').exec(output);
  return match ? { key: match[1] ?? '', uid: Number(match[2]), gid: Number(match[3]), directories: [...(match[4] ?? '')].map((each) => each === 'd') } : undefined;
}

/** What the engine repeats of a step, and what it prints, as the submission wrote it. */
export function withoutBindPrelude(text: string): string {
  return text.replaceAll(/reprise_hold=.*?unset -f reprise_bind; ?/gs, '').replaceAll(new RegExp(`^${waiting} [0-9a-f]{64} .*(?:\\n|$)`, 'gm'), '');
}
