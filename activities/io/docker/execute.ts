import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Container, Exec } from 'dockerode';
import { limits } from '../../../domain/index.ts';
import { isNotFound, onEngine } from './errors.ts';
import { framesOf } from './frames.ts';

/**
 * What a program in one of the platform's own containers prints on stdout, at most `maxBytes` of it; undefined where it ended
 * with another exit code than 0. Never used in a submission's container. Failures: ENGINE_UNREACHABLE.
 */
export async function outputOf(container: Container, command: string[], maxBytes: number): Promise<string | undefined> {
  return executed(container, command, async (frames) => {
    const parts: Buffer[] = [];
    let sizeBytes = 0;
    for await (const frame of frames) {
      sizeBytes += frame.length;
      if (sizeBytes > maxBytes) return undefined;
      parts.push(frame);
    }
    return Buffer.concat(parts).toString('utf8');
  });
}

/** What `read` makes of a program's output; undefined where the program did not come to a good end. */
async function executed<Result>(container: Container, command: string[], read: (frames: AsyncIterable<Buffer>) => Promise<Result>): Promise<Result | undefined> {
  return onEngine(`running ${command[0]} in a container of our own`, async () => {
    const started = await container.exec({ Cmd: command, AttachStdout: true, AttachStderr: false });
    const stream = (await started.start({})) as unknown as Readable;
    const watch = watchLoss(started, stream);
    try {
      const result = await read(framesOf(watch.chunks()));
      // One that is not read to its end goes on for a moment.
      return result !== undefined && (await exitCodeOf(started)) === 0 ? result : undefined;
    } catch (error) {
      if (error === lost) return undefined;
      throw error;
    } finally {
      watch.end();
    }
  });
}

const lost = new Error('the engine has lost the program');

/**
 * A program whose container is killed together with its shim is forgotten by the engine, which leaves its output open for ever: what
 * is over and says nothing more ends with `lost`.
 */
function watchLoss(started: Exec, stream: Readable): { chunks(): AsyncGenerator<Buffer>; end(): void } {
  let isSilent = false;
  const look = async (): Promise<void> => {
    const wasSilent = isSilent;
    isSilent = true;
    if (wasSilent && (await isOver(started)) && isSilent && stream.readableLength === 0) stream.destroy(lost);
  };
  const timer = setInterval(() => void look(), limits.execLookMs);
  return {
    async *chunks() {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        isSilent = false;
        yield chunk;
      }
    },
    end: () => clearInterval(timer),
  };
}

async function isOver(started: Exec): Promise<boolean> {
  try {
    return !(await started.inspect()).Running;
  } catch (error) {
    // An engine that does not answer closes the stream itself.
    return isNotFound(error);
  }
}

/** The stream can end a moment before the engine has the exit code. */
async function exitCodeOf(started: Exec): Promise<number | null> {
  for (let look = 0; look < 50; look += 1) {
    const { Running, ExitCode } = await started.inspect();
    if (!Running) return ExitCode;
    await sleep(20);
  }
  return null;
}
