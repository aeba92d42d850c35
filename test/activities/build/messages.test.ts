import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { buildEvents, type BuildEvent } from '../../../activities/build/messages.ts';

async function eventsIn(chunks: string[]): Promise<BuildEvent[]> {
  const events: BuildEvent[] = [];
  for await (const event of buildEvents(Readable.from(chunks.map((chunk) => Buffer.from(chunk))))) events.push(event);
  return events;
}

it.each<[string, string[], unknown]>([
  ['a step', ['{"stream":"Step 2/7 : RUN make\\n"}\r\n'], { kind: 'step', number: 2, total: 7, text: 'RUN make' }],
  ['the container of a step', ['{"stream":" ---\\u003e Running in 0123456789ab\\n"}\n'], { kind: 'container', id: '0123456789ab' }],
  ['a message cut into chunks', ['{"stream":"o', 'ut"}\n'], { kind: 'output', text: 'out' }],
  ['the image', ['{"aux":{"ID":"sha256:00"}}\n'], { kind: 'image', id: 'sha256:00' }],
  ['a failed command', ['{"errorDetail":{"code":3,"message":"returned 3"},"error":"returned 3"}\n'], { kind: 'error', message: 'returned 3', exitCode: 3 }],
  ['another failure', ['{"errorDetail":{"message":"COPY failed"},"error":"COPY failed"}'], { kind: 'error', message: 'COPY failed', exitCode: undefined }],
  ['a pulled layer', ['{"status":"Pull complete","id":"ab"}\n'], { kind: 'output', text: 'ab: Pull complete\n' }],
])('reads %s', async (_, chunks, expected) => {
  expect(await eventsIn(chunks)).toContainEqual(expected);
});

it('leaves out the repeated progress of a pull', async () => {
  expect(await eventsIn(['{"status":"Downloading","progressDetail":{"current":1},"id":"ab"}\n'])).toEqual([]);
});

it('ends with the error of a broken connection', async () => {
  const body = new Readable({ read() { this.destroy(new Error('socket hang up')); } });
  await expect((async () => { for await (const _ of buildEvents(body)); })()).rejects.toThrow('socket hang up');
});
