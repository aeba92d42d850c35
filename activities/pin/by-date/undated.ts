import type { BuildInput } from '../../../domain/index.ts';

/** Of which package indexes the build sees the past. */
export interface DatedIndexes {
  pip: boolean;
  npm: boolean;
  /** Snapshot archives are configured. */
  apt: boolean;
  /** Channels are named, and builds recorded. */
  conda: boolean;
}

/**
 * A channel of conda that the submission names is one like others where builds see its past, which the configuration tells and no
 * Dockerfile.
 */
export function withKnownChannels(inputs: readonly BuildInput[], channels: readonly string[]): BuildInput[] {
  const known = channels.map((channel) => channel.replace(/\/+$/, ''));
  return inputs.map(({ reason = '', ...input }) => {
    const isKnown = input.kind === 'conda' && input.verdict === 'by-recording' && known.some((channel) => reason.startsWith(`${channel} `) || reason.startsWith(`${channel}/ `));
    return isKnown ? { ...input, verdict: 'by-date' } : { ...input, ...(reason === '' ? {} : { reason }) };
  });
}

/**
 * What could be had by date in principle and is not by this build: apt without a snapshot archive, conda without channels that we
 * answer for, and npm where its registry does not tell times. Only a recording determines it.
 */
export function undated(input: BuildInput, dated: DatedIndexes): BuildInput {
  if (input.verdict !== 'by-date') return input;
  const why = reasonOf(input, dated);
  if (input.kind === 'apt' && dated.apt) return { ...input, reason: [input.reason, 'through the snapshot archive of its mirror'].filter(Boolean).join('; ') };
  if (input.kind === 'conda' && dated.conda) return { ...input, reason: [input.reason, 'of a channel that REPRISE_CONDA_CHANNELS names; what a channel corrected later in its index is seen'].filter(Boolean).join('; ') };
  return why === undefined ? input : { ...input, verdict: 'by-recording', reason: input.reason === undefined ? why : `${input.reason}; ${why}` };
}

function reasonOf({ kind }: BuildInput, { pip, npm, apt, conda }: DatedIndexes): string | undefined {
  if (kind === 'apt' && !apt) return 'the archive of the distribution has only its newest versions, and no snapshot archive is configured';
  if (kind === 'conda' && !conda) return 'no channel is named of which builds see the past (REPRISE_CONDA_CHANNELS), or builds are not recorded';
  if (kind === 'npm' && !npm) return 'the registry does not tell when versions appeared, or was not asked';
  return kind === 'pip' && !pip ? 'no package index as of a date is configured' : undefined;
}
