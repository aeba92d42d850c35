import type Docker from 'dockerode';
import { isNotFound, onEngine } from './errors.ts';
import { imageTag } from './names.ts';

/** Whether the engine has an image. Failures: ENGINE_UNREACHABLE. */
export async function imageExists(docker: Docker, id: string): Promise<boolean> {
  return onEngine(`looking for the image ${id}`, () =>
    docker.getImage(id).inspect().then(
      () => true,
      (error: unknown) => {
        if (isNotFound(error)) return false;
        throw error;
      },
    ),
  );
}

/** Bytes of all layers, unpacked. Failures: IMAGE_GONE. */
export async function imageSize(docker: Docker, id: string): Promise<number> {
  const { Size } = await onEngine(`looking for the image ${id}`, () => docker.getImage(id).inspect());
  return Size;
}

/** Names an image after its role and id, so that no prune of dangling images takes it and an operator finds it. */
export async function tagImage(docker: Docker, role: 'serve' | 'train', id: string): Promise<void> {
  await onEngine(`naming the image ${id}`, () => docker.getImage(id).tag(imageTag(role, id)));
}
