import { z } from 'zod';
import { canonicalJson } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import { decryptPortions, encryptPortions, type SuiteKey } from './suite-crypto.ts';
import { splitStage, type StageQuestion } from './suite-split.ts';
import type { StageText } from './suite-text.ts';

/** The file that takes the place of `closed/` in a suite's directory. */
export const sealedFile = 'closed.sealed';

/** The first line of a sealed stage; the cipher text follows it. */
const SealedHeader = z.strictObject({
  schema: z.literal('reprise.sealed-stage/v1'),
  keyId: z.string(),
  scenarios: z.array(z.strictObject({ name: z.string(), questions: z.number().int() })),
});
type SealedHeader = z.infer<typeof SealedHeader>;

/** A closed stage as one file, in portions: what it holds by name and number, and the questions encrypted (AES-256-GCM). */
export async function* sealStage(key: SuiteKey, { scenarios, portions }: Pick<StageText, 'scenarios' | 'portions'>): AsyncGenerator<Buffer> {
  const header: SealedHeader = { schema: 'reprise.sealed-stage/v1', keyId: key.id, scenarios };
  yield Buffer.from(`${canonicalJson(header)}\n`);
  yield* encryptPortions(key, portions);
}

/** More than the names of any suite's scenarios take. */
const headerBytesMost = 1024 ** 2;

/** What a sealed file says without its key, and the rest of it, to be read after it. Failures: SUITE_INVALID. */
async function readHeader(chunks: AsyncIterable<Uint8Array>): Promise<{ header: SealedHeader; rest: AsyncGenerator<Uint8Array> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  let held = Buffer.alloc(0);
  let end = -1;
  while (end < 0 && held.length <= headerBytesMost) {
    const next = await iterator.next();
    if (next.done === true) break;
    held = Buffer.concat([held, next.value]);
    end = held.indexOf(0x0a);
  }
  const header = SealedHeader.safeParse(parsed(held.subarray(0, Math.max(end, 0)).toString('utf8')));
  if (!header.success) throw failure('SUITE_INVALID', `${sealedFile} line 1: is no header of a sealed stage; \`reprise suite encrypt\` writes such a file`);
  return { header: header.data, rest: after(held.subarray(end + 1), iterator) };
}

async function* after(first: Uint8Array, iterator: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* { [Symbol.asyncIterator]: () => iterator };
}

/** The closed stage of a sealed file, question by question. Failures: SUITE_INVALID where it is damaged or was sealed with another key. */
export async function* openSealedStage(key: SuiteKey, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<StageQuestion> {
  const { header, rest } = await readHeader(chunks);
  if (header.keyId !== key.id) {
    throw failure('SUITE_INVALID', `${sealedFile}: was sealed with the key ${header.keyId}, and the suite key here is ${key.id}; REPRISE_SUITE_KEY_FILE names it`);
  }
  const wrong = (): Error => failure('SUITE_INVALID', `${sealedFile}: was changed since it was sealed; copy it again from where it was made`);
  const counts = new Map<string, number>();
  for await (const each of splitStage('closed', decryptPortions(key, rest, wrong), wrong)) {
    counts.set(each.scenario, (counts.get(each.scenario) ?? 0) + 1);
    yield each;
  }
  if (canonicalJson([...counts]) !== canonicalJson(header.scenarios.map(({ name, questions }) => [name, questions]))) throw wrong();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Without the parser's message: it quotes the text.
  }
}
