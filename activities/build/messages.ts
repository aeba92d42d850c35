import type { Readable } from 'node:stream';

/** What a build says of itself, read from the engine's stream of JSON messages. */
export type BuildEvent =
  | { kind: 'step'; number: number; total: number; text: string }
  /** Output of a step, or what the engine does; not necessarily a whole line. */
  | { kind: 'output'; text: string }
  | { kind: 'container'; id: string }
  | { kind: 'image'; id: string }
  | { kind: 'error'; message: string; exitCode: number | undefined };

interface Message {
  stream?: string;
  status?: string;
  id?: string;
  error?: string;
  errorDetail?: { code?: number; message?: string };
  aux?: { ID?: string };
}

/** Follows the classic builder's answer; nothing is kept, and a slow reader holds up the engine rather than memory. */
export async function* buildEvents(body: Readable): AsyncGenerator<BuildEvent> {
  for await (const line of linesOf(body)) if (line.trim() !== '') yield* eventsOf(JSON.parse(line) as Message);
}

export function eventsOf(message: Message): BuildEvent[] {
  if (message.error !== undefined || message.errorDetail) {
    const { code } = message.errorDetail ?? {};
    return [{ kind: 'error', message: message.errorDetail?.message ?? message.error ?? '', exitCode: code === 0 ? undefined : code }];
  }
  if (message.aux?.ID !== undefined) return [{ kind: 'image', id: message.aux.ID }];
  if (message.stream !== undefined) return streamEvents(message.stream);
  return message.status === undefined ? [] : pullEvents(message.status, message.id);
}

function streamEvents(stream: string): BuildEvent[] {
  const text = uncoloured(stream);
  const output: BuildEvent = { kind: 'output', text };
  const step = /^Step (\d+)\/(\d+) : (.*)/s.exec(text);
  if (step) return [{ kind: 'step', number: Number(step[1]), total: Number(step[2]), text: (step[3] ?? '').trim() }, output];
  const running = /^ ---> Running in ([0-9a-f]{12,64})\s*$/.exec(text);
  return running ? [{ kind: 'container', id: running[1] ?? '' }, output] : [output];
}

/** The engine paints each portion of stderr red, in the middle of a line too. */
function uncoloured(text: string): string {
  const [red, plain] = ['\u001B[91m', '\u001B[0m'];
  return text.startsWith(red) && text.endsWith(plain) ? text.slice(red.length, -plain.length) : text;
}

/** A pull repeats these for each layer many times a second. */
const repeated = new Set(['Downloading', 'Extracting', 'Waiting', 'Verifying Checksum', 'Pulling fs layer', 'Download complete']);

function pullEvents(status: string, id: string | undefined): BuildEvent[] {
  return repeated.has(status) ? [] : [{ kind: 'output', text: `${id === undefined ? '' : `${id}: `}${status}\n` }];
}

/** Unlike node:readline this passes on the errors of its source. */
async function* linesOf(body: Readable): AsyncGenerator<string> {
  let rest = '';
  body.setEncoding('utf8');
  for await (const chunk of body as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  yield rest;
}
