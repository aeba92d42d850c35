import { failure } from '../failure.ts';
import { mountOptions } from '../pin/mounts.ts';

/** Flags of a RUN that BuildKit alone knows, apart from secrets. */
export interface PassingMounts {
  /** As they are written: no flag for the classic builder. */
  flags: string[];
  /** Directories that are there while the step runs, and no part of its layer. */
  targets: string[];
}

/**
 * What a step can have otherwise: bind mounts are the matter of `boundSteps`, caches and memory become directories that the step removes, an SSH agent that is not required may be
 * missing, and the network is the build's. Failures: DOCKERFILE_UNSUPPORTED for what it cannot do without.
 */
export function passingMounts(flags: readonly string[], place: string): PassingMounts {
  const passing: PassingMounts = { flags: [], targets: [] };
  for (const flag of flags) {
    if (/^--security=insecure$/i.test(flag)) throw failure('DOCKERFILE_UNSUPPORTED', `${place}: ${flag} is not built here: no step gets more rights than others`);
    if (/^--(?:network|security)=/i.test(flag)) passing.flags.push(flag);
    if (!/^--mount=/i.test(flag)) continue;
    const options = mountOptions(flag);
    const type = options.get('type')?.toLowerCase() ?? 'bind';
    if (type === 'secret') continue;
    if (type === 'bind' || (type === 'ssh' && (!options.has('required') || options.get('required') === 'false'))) passing.flags.push(flag);
    else if (type === 'cache' || type === 'tmpfs') {
      passing.flags.push(flag);
      passing.targets.push(checkedTarget(options.get('target') ?? options.get('dst') ?? options.get('destination') ?? '', flag, place));
    } else throw failure('DOCKERFILE_UNSUPPORTED', `${place}: ${flag} is not built here; fetch over HTTP what the step needs`);
  }
  return passing;
}

/** It goes into a line of shell, which puts in its variables. */
function checkedTarget(target: string, flag: string, place: string): string {
  if (/^[\w./@+${}-]+$/.test(target)) return target;
  throw failure('DOCKERFILE_UNSUPPORTED', `${place}: ${flag} has no target of letters, digits, dots, hyphens and underscores`);
}

/** What the step's shell does in the end. */
export const mountEnd = 'rm -rf $reprise_made';

/** What stands before the step's own command: makes what is not there, and notes what is to be removed in `reprise_made`. */
export function mountPrelude(targets: readonly string[]): string {
  if (targets.length === 0) return '';
  const take = 'reprise_mount() { [ -e "$1" ] || { mkdir -p "$1" && case "$1" in /*) reprise_made="$reprise_made $1";; *) reprise_made="$reprise_made $PWD/$1";; esac; }; };';
  return `${take} reprise_made=; trap '${mountEnd}' EXIT; ${targets.map((target) => `reprise_mount "${target}";`).join(' ')} unset -f reprise_mount;`;
}

/** What the engine repeats of a step, as the submission wrote it. */
export function withoutMountPrelude(text: string): string {
  return text.replaceAll(/reprise_mount\(\) \{.*?unset -f reprise_mount; ?/gs, '');
}
