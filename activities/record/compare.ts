import type Docker from 'dockerode';
import { limits, type ImageComparison } from '../../domain/index.ts';
import { onEngine } from '../io/docker/errors.ts';
import { causeOfDifference } from './difference.ts';
import { imageContents, imageFiles, type ImageFile, type ImageFiles } from './image-files.ts';
import { packageFiles, packagesOf } from './packages.ts';

/**
 * Compares two images of one build by what a container would see: files with their content, permissions and owners, packages,
 * layers. Times of change are counted and make no difference. Failures: IMAGE_GONE, ENGINE_UNREACHABLE.
 */
export async function compareImages(docker: Docker, first: string, second: string): Promise<ImageComparison> {
  const [before, after] = [await imageFiles(docker, first), await imageFiles(docker, second)];
  const differing = differingPaths(before, after);
  const wanted = new Set([...packageFiles, ...differing.filter((path) => isSmall(before.get(path)) && isSmall(after.get(path)))]);
  const contents = [await imageContents(docker, first, wanted), await imageContents(docker, second, wanted)] as const;
  const [packagesBefore, packagesAfter] = [packagesOf(before, contents[0]), packagesOf(after, contents[1])];
  return {
    schema: 'reprise.image-comparison/v1',
    images: [first, second],
    identical: differing.length === 0,
    files: new Set([...before.keys(), ...after.keys()]).size,
    differing: differing.map((path) => ({ path, cause: causeOf(path, before.get(path), after.get(path), contents) })),
    timesOnly: [...before].filter(([path, file]) => isSame(file, after.get(path)) && file.modifiedAt !== after.get(path)?.modifiedAt).length,
    layers: await commonLayers(docker, first, second),
    packages: {
      common: [...packagesBefore].filter((each) => packagesAfter.has(each)).length,
      onlyFirst: [...packagesBefore].filter((each) => !packagesAfter.has(each)).sort(),
      onlySecond: [...packagesAfter].filter((each) => !packagesBefore.has(each)).sort(),
    },
  };
}

function differingPaths(before: ImageFiles, after: ImageFiles): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => !isSame(before.get(path), after.get(path))).sort();
}

function isSame(before: ImageFile | undefined, after: ImageFile | undefined): boolean {
  return before !== undefined && after !== undefined && before.form === after.form && before.sha256 === after.sha256;
}

function causeOf(path: string, before: ImageFile | undefined, after: ImageFile | undefined, [first, second]: readonly [Map<string, Buffer>, Map<string, Buffer>]): ImageComparison['differing'][number]['cause'] {
  if (!before || !after) return 'missing';
  if (before.sha256 === after.sha256) return 'metadata';
  return causeOfDifference(path, first.get(path), second.get(path));
}

function isSmall(file: ImageFile | undefined): boolean {
  return file !== undefined && file.sizeBytes <= limits.compareTextBytes;
}

async function commonLayers(docker: Docker, first: string, second: string): Promise<ImageComparison['layers']> {
  const of = async (id: string): Promise<string[]> => (await onEngine(`looking at the image ${id}`, () => docker.getImage(id).inspect())).RootFS.Layers ?? [];
  const [before, after] = [await of(first), await of(second)];
  return { same: before.filter((layer) => after.includes(layer)).length, total: Math.max(before.length, after.length) };
}
