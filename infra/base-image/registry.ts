import type Docker from 'dockerode';
import { limits } from '../../domain/index.ts';

/** Pulls an image, and says why not where no registry gives it; one that goes silent for `limits.registryAnswerMs` counts as gone. */
export async function tryPull(docker: Docker, reference: string, waitingFor: (what: string) => void): Promise<string> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => controller.abort(), limits.registryAnswerMs);
  };
  heard();
  try {
    const stream = await docker.pull(reference, { abortSignal: controller.signal });
    await followed(docker, stream, (event) => {
      heard();
      if (event.status) waitingFor(`${reference}: ${event.status} ${event.progress ?? ''}`.trim());
    });
    return 'ok';
  } catch (error) {
    if (controller.signal.aborted) return `no registry answered within ${limits.registryAnswerMs / 1_000} s`;
    return firstLine(error);
  } finally {
    clearTimeout(timer);
  }
}

interface PullEvent {
  status?: string;
  progress?: string;
}

function followed(docker: Docker, stream: NodeJS.ReadableStream, onEvent: (event: PullEvent) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(stream, (error: Error | null) => (error ? reject(error) : resolve()), onEvent);
  });
}

function firstLine(error: unknown): string {
  const reason = (error as { json?: { message?: string }; reason?: string }).json?.message;
  const message = reason ?? (error instanceof Error ? error.message : String(error));
  return message.split('\n')[0] ?? '';
}
