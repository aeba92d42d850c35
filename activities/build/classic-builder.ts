import type { ExtraFile } from '../io/trees.ts';
import type { AddedStage } from './added-stages.ts';
import { boundSteps, type BoundStep } from './bind-mounts.ts';
import { withoutHeredocs } from './heredocs.ts';
import { withoutNewerOptions, type ModeCopy } from './newer-options.ts';

/** A Dockerfile in other words, and what it needs besides. */
export interface ClassicDockerfile {
  text: string;
  /** What the build context has to hold. */
  documents: ExtraFile[];
  copies: ModeCopy[];
  /** To be added in the end (withAddedStages). */
  stages: AddedStage[];
  /** Steps that wait for their mounts (withSecretSteps, alsoBound). */
  bound: BoundStep[];
}

/**
 * A Dockerfile in the words of the classic builder, the only one that takes a private network: with what BuildKit alone knows said
 * otherwise. Nothing of the submission's own files is changed, and no instruction and no line moves. `identity` is that of the build
 * context. Failures: DOCKERFILE_UNSUPPORTED for what cannot be said otherwise, DOCKERFILE_INVALID.
 */
export function forClassicBuilder(name: string, text: string, identity?: unknown): ClassicDockerfile {
  const { text: plain, files: documents } = withoutHeredocs(name, text);
  const { text: older, copies, stages } = withoutNewerOptions(name, plain);
  const { steps: bound, stages: mounted } = boundSteps(name, older, identity ?? null);
  return { text: older, documents, copies, stages: [...stages, ...mounted], bound };
}
