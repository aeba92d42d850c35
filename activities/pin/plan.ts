import { summaryOf } from './summary.ts';
import type { BuildInput, PinnedBase, PinnedCommit, PinReport, PlannedImage } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import type { CutOff } from './by-date/cut-off.ts';
import { buildContext } from './copy-sources.ts';
import { parseDockerfile, type Dockerfile } from './dockerfile.ts';
import { analyse, basesOf, type BaseReference } from './inputs.ts';
import { directoryOf, type SourceFiles } from './source-files.ts';

/** One image before its bases are resolved. */
export interface ImagePlan {
  image: PlannedImage;
  dockerfile: Dockerfile;
  bases: BaseReference[];
  inputs: BuildInput[];
}

/** Reads a planned image's Dockerfile and lists its inputs. Failures: DOCKERFILE_INVALID with file and line. */
export async function planImage(files: SourceFiles, image: PlannedImage): Promise<ImagePlan> {
  const bytes = await files.read(image.dockerfile);
  if (!bytes) throw failure('DOCKERFILE_INVALID', `${image.dockerfile}: the snapshot has no such file`);
  const dockerfile = parseDockerfile(bytes);
  const [problem] = dockerfile.problems;
  if (problem) throw failure('DOCKERFILE_INVALID', `${image.dockerfile}, line ${problem.line}: ${problem.message}`);
  const context = await buildContext(directoryOf(files, image.context), dockerfileInContext(image));
  const bases = basesOf(dockerfile);
  const open = bases.find((base) => base.unresolved.length > 0);
  if (open) {
    const names = open.unresolved.join(', ');
    throw failure(
      'DOCKERFILE_INVALID',
      `${image.dockerfile}, line ${open.instruction.line}: the base image needs a value for ${names}; give the ARG a default`,
    );
  }
  return { image, dockerfile, bases, inputs: (await analyse(dockerfile, context)).inputs };
}

/** The report of one stage run; `images` in the order of the plan. */
export function pinReport(asOf: string, images: { plan: ImagePlan; bases: PinnedBase[]; leftBehind: { what: string; why: string }[]; commits?: PinnedCommit[]; cutOff?: CutOff | undefined }[]): PinReport {
  return {
    schema: 'reprise.pin-report/v1',
    asOf,
    images: images.map(({ plan, bases, leftBehind, commits = [], cutOff }) => ({
      role: plan.image.role,
      dockerfile: plan.image.dockerfile,
      bases,
      inputs: plan.inputs.map((input) => withBase(input, bases)),
      leftBehind,
      ...(cutOff === undefined ? {} : { packages: cutOff }),
      ...(commits.length === 0 ? {} : { commits }),
    })),
    summary: summaryOf(images.flatMap(({ plan, bases }) => plan.inputs.map((input) => withBase(input, bases)))),
  };
}

/** A base that was resolved is exact from now on, whatever the Dockerfile left open. */
function withBase(input: BuildInput, bases: readonly PinnedBase[]): BuildInput {
  const base = input.kind === 'base' ? bases.find((each) => each.line === input.line && each.reference === input.spec) : undefined;
  return base ? { ...input, verdict: 'exact', reason: `${base.fidelity}: ${base.reason}` } : input;
}

function dockerfileInContext(image: PlannedImage): string {
  const context = image.context.replace(/^\.\/?|\/$/g, '');
  return context === ''
    ? image.dockerfile
    : image.dockerfile.startsWith(`${context}/`)
      ? image.dockerfile.slice(context.length + 1)
      : image.dockerfile;
}
