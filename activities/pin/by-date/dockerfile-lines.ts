import type { BuildInput } from '../../../domain/index.ts';
import type { Indexed } from '../other-indexes.ts';
import { indexAddress, indexHost } from './address.ts';
import { aptBeforeLine } from './apt-archives.ts';
import { condaBeforeLine } from './conda-channels.ts';

/** What a build is told of a date; nothing of it stays in the image's environment. */
export interface DatedBuild {
  /** Exclusive, ISO 8601, UTC. */
  before: string;
  pip: boolean;
  npm: boolean;
  uv: boolean;
  apt: boolean;
  conda: boolean;
}

/** What of the past is there to be seen. */
export interface SeenPast {
  pip: boolean;
  apt: boolean;
  conda: boolean;
}

/** Whether, and for which programs, packages of a build depend on the date; undefined where none do. */
export function datedBuild(inputs: readonly BuildInput[], before: string, dockerfile: string, past: SeenPast = { pip: true, apt: false, conda: false }): DatedBuild | undefined {
  const opaque = inputs.some(({ kind }) => kind === 'script');
  const pip = past.pip && (opaque || inputs.some(({ kind, verdict }) => kind === 'pip' && verdict !== 'resists'));
  const npm = past.pip && inputs.some(({ kind, verdict }) => kind === 'npm' && verdict === 'by-date');
  const apt = past.apt && (opaque || inputs.some(({ kind }) => kind === 'apt'));
  const conda = past.conda && (opaque || inputs.some(({ kind }) => kind === 'conda'));
  return pip || npm || apt || conda ? { before, pip: pip || npm, npm, apt, conda, uv: /\buv\s+pip\b/.test(dockerfile) } : undefined;
}

/** Right after FROM: build arguments that pip and npm read, or that we do. `--build-arg` gives other values where Reprise does not build. */
export function dateLines({ before, pip, npm, uv, apt, conda }: DatedBuild, replaced: ReadonlyMap<Indexed, string> = new Map()): string[] {
  const address = indexAddress(before);
  const lines = [
    ...(pip && !replaced.has('pip') ? [`ARG PIP_INDEX_URL=${address}`, `ARG PIP_TRUSTED_HOST=${indexHost}`] : []),
    ...(pip && uv && !replaced.has('uv') ? [`ARG UV_INDEX_URL=${address}`] : []),
    ...(npm && !replaced.has('npm') ? [`ARG npm_config_before=${before}`] : []),
    ...(apt ? [aptBeforeLine(before)] : []),
    ...(conda ? [condaBeforeLine(before)] : []),
  ];
  const left = [...replaced].filter(([program]) => (program === 'npm' ? npm : pip)).map(([program, index]) => `# reprise: ${program} takes its packages from ${index}, as it is written here`);
  return lines.length === 0 ? left : [`# reprise: packages as they were before ${before}; arguments do not stay in the image`, ...left, ...lines];
}
