import { summaryOf } from './summary.ts';
import type { BuildInput, PinnedBase, PinnedCommit, PinReport, PlannedImage } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import type { CutOff } from './by-date/cut-off.ts';
import { buildContext } from './copy-sources.ts';
import { parseDockerfile, type Dockerfile } from './dockerfile.ts';
import { basesOf, type BaseReference } from './bases.ts';
import { analyse, type Analysis } from './inputs.ts';
import type { LeftBehind } from './left-behind.ts';
import { directoryOf, type SourceFiles } from './source-files.ts';

/** One image before its bases are resolved. */
export interface ImagePlan {
  image: PlannedImage;
  dockerfile: Dockerfile;
  bases: BaseReference[];
  inputs: BuildInput[];
  /** As Analysis has them. */
  replaced: Analysis['replaced'];
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
  const { inputs, replaced } = await analyse(dockerfile, context);
  return { image, dockerfile, bases, inputs, replaced };
}

interface PinnedImage {
  plan: ImagePlan;
  bases: PinnedBase[];
  commits?: PinnedCommit[];
  cutOff?: CutOff | undefined;
}

/** The report of one stage run; `images` in the order of the plan. */
export function pinReport(asOf: string, images: (PinnedImage & { leftBehind: LeftBehind[] })[]): PinReport {
  return {
    schema: 'reprise.pin-report/v1',
    asOf,
    images: images.map(({ plan, bases, leftBehind, commits = [], cutOff }) => ({
      role: plan.image.role,
      dockerfile: plan.image.dockerfile,
      bases,
      inputs: judged({ plan, bases, commits, cutOff }),
      leftBehind,
      ...(cutOff === undefined ? {} : { packages: cutOff }),
      ...(commits.length === 0 ? {} : { commits }),
    })),
    summary: summaryOf(images.flatMap(judged)),
  };
}

/** The inputs with how far each is from the original. A base that was resolved is exact from now on, whatever the Dockerfile left open. */
function judged({ plan, bases, commits = [], cutOff }: PinnedImage): BuildInput[] {
  return plan.inputs.map((input) => {
    const { kind, line, spec, verdict } = input;
    const base = kind === 'base' ? bases.find((each) => each.line === line && each.reference === spec) : undefined;
    if (base) return { ...input, verdict: 'exact', fidelity: base.fidelity, reason: `${base.fidelity}: ${base.reason}` };
    if (verdict !== 'exact' && verdict !== 'by-date') return input;
    const commit = commits.find((each) => each.line === line && each.spec === spec);
    const moved = kind === 'pip' && verdict === 'by-date' && cutOff?.moved !== undefined;
    return { ...input, fidelity: commit?.fidelity ?? (moved ? 'near' : 'faithful') };
  });
}

function dockerfileInContext(image: PlannedImage): string {
  const context = image.context.replace(/^\.\/?|\/$/g, '');
  return context === ''
    ? image.dockerfile
    : image.dockerfile.startsWith(`${context}/`)
      ? image.dockerfile.slice(context.length + 1)
      : image.dockerfile;
}
