import type { ExtraFile } from '../io/trees.ts';
import type { AddedStage } from './added-stages.ts';
import { withoutHeredocs } from './heredocs.ts';
import { withoutNewerOptions, type ModeCopy } from './newer-options.ts';

/**
 * A Dockerfile in the words of the classic builder, the only one that takes a private network: with what BuildKit alone knows said
 * otherwise, and what the build context has to hold for it. Nothing of the submission's own files is changed, and no instruction and no
 * line moves; `stages` are to be added in the end (withAddedStages). Failures: DOCKERFILE_UNSUPPORTED for what cannot be said otherwise, DOCKERFILE_INVALID.
 */
export function forClassicBuilder(name: string, text: string): { text: string; documents: ExtraFile[]; copies: ModeCopy[]; stages: AddedStage[] } {
  const { text: plain, files: documents } = withoutHeredocs(name, text);
  const { text: older, copies, stages } = withoutNewerOptions(name, plain);
  return { text: older, documents, copies, stages };
}
