import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Container, Exec } from 'dockerode';
import { onEngine } from './errors.ts';
import { framesOf } from './frames.ts';

/**
 * What a program in one of the platform's own containers prints on stdout, at most `maxBytes` of it; undefined where it ended
 * with another exit code than 0. Never used in a submission's container. Failures: ENGINE_UNREACHABLE.
 */
export async function outputOf(container: Container, command: string[], maxBytes: number): Promise<string | undefined> {
  return onEngine(`running ${command[0]} in a container of our own`, async () => {
    const started = await container.exec({ Cmd: command, AttachStdout: true, AttachStderr: false });
    const stream = (await started.start({})) as unknown as Readable;
    const parts: Buffer[] = [];
    let sizeBytes = 0;
    for await (const frame of framesOf(stream as AsyncIterable<Buffer>)) {
      sizeBytes += frame.length;
      if (sizeBytes > maxBytes) return undefined;
      parts.push(frame);
    }
    return (await exitCodeOf(started)) === 0 ? Buffer.concat(parts).toString('utf8') : undefined;
  });
}

/** As outputOf, into a file that is made anew; resolves to whether the program ended with exit code 0. Failures: ENGINE_UNREACHABLE, DISK_FULL. */
export async function outputFile(container: Container, command: string[], path: string): Promise<boolean> {
  return onEngine(`running ${command[0]} in a container of our own`, async () => {
    const started = await container.exec({ Cmd: command, AttachStdout: true, AttachStderr: false });
    const stream = (await started.start({})) as unknown as AsyncIterable<Buffer>;
    await pipeline(Readable.from(framesOf(stream), { objectMode: false }), createWriteStream(path));
    return (await exitCodeOf(started)) === 0;
  });
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
