import type { BuildInput } from '../../../domain/index.ts';
import { indexAddress, indexHost } from './address.ts';

/** What a build is told of a date; nothing of it stays in the image's environment. */
export interface DatedBuild {
  /** Exclusive, ISO 8601, UTC. */
  before: string;
  npm: boolean;
  uv: boolean;
}

/** Whether, and for which programs, packages of a build depend on the date; undefined where none do. */
export function datedBuild(inputs: readonly BuildInput[], before: string, dockerfile: string): DatedBuild | undefined {
  const pip = inputs.some(({ kind, verdict }) => kind === 'script' || (kind === 'pip' && verdict !== 'resists'));
  const npm = inputs.some(({ kind, verdict }) => kind === 'npm' && verdict === 'by-date');
  return pip || npm ? { before, npm, uv: /\buv\s+pip\b/.test(dockerfile) } : undefined;
}

/** Right after FROM: build arguments that pip and npm read. `--build-arg` gives other values where Reprise does not build. */
export function dateLines({ before, npm, uv }: DatedBuild): string[] {
  const address = indexAddress(before);
  return [
    `# reprise: packages as they were before ${before}; arguments do not stay in the image`,
    `ARG PIP_INDEX_URL=${address}`,
    `ARG PIP_TRUSTED_HOST=${indexHost}`,
    ...(uv ? [`ARG UV_INDEX_URL=${address}`] : []),
    ...(npm ? [`ARG npm_config_before=${before}`] : []),
  ];
}
