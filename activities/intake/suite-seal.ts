import { z } from 'zod';
import { canonicalJson, type SuiteStageContent } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import { decryptQuestions, encryptQuestions, type SuiteKey } from './suite-crypto.ts';
import { splitStage, type StageQuestion } from './suite-split.ts';

/** The file that takes the place of `closed/` in a suite's directory. */
export const sealedFile = 'closed.sealed';

/** The first line of a sealed stage; the cipher text follows it. */
const SealedHeader = z.strictObject({
  schema: z.literal('reprise.sealed-stage/v1'),
  keyId: z.string(),
  scenarios: z.array(z.strictObject({ name: z.string(), questions: z.number().int() })),
});
type SealedHeader = z.infer<typeof SealedHeader>;

/** A closed stage as one file: what it holds by name and number, and the questions encrypted (AES-256-GCM). */
export function sealStage(key: SuiteKey, content: SuiteStageContent): Buffer {
  const header: SealedHeader = { schema: 'reprise.sealed-stage/v1', keyId: key.id, scenarios: countsOf(content) };
  return Buffer.concat([Buffer.from(`${canonicalJson(header)}\n`), encryptQuestions(key, Buffer.from(canonicalJson(content)))]);
}

/** What a sealed file says without its key. Failures: SUITE_INVALID. */
function readSealedHeader(bytes: Uint8Array): SealedHeader {
  const line = Buffer.from(bytes.subarray(0, Math.max(bytes.indexOf(0x0a), 0))).toString('utf8');
  const header = SealedHeader.safeParse(parsed(line));
  if (header.success) return header.data;
  throw failure('SUITE_INVALID', `${sealedFile} line 1: is no header of a sealed stage; \`reprise suite encrypt\` writes such a file`);
}

/** The closed stage of a sealed file, question by question. Failures: SUITE_INVALID where it is damaged or was sealed with another key. */
export async function* openSealedStage(key: SuiteKey, bytes: Uint8Array): AsyncGenerator<StageQuestion> {
  const header = readSealedHeader(bytes);
  if (header.keyId !== key.id) {
    throw failure('SUITE_INVALID', `${sealedFile}: was sealed with the key ${header.keyId}, and the suite key here is ${key.id}; REPRISE_SUITE_KEY_FILE names it`);
  }
  const wrong = (): Error => failure('SUITE_INVALID', `${sealedFile}: was changed since it was sealed; copy it again from where it was made`);
  const plain = decryptQuestions(key, bytes.subarray(bytes.indexOf(0x0a) + 1));
  if (!plain) throw wrong();
  const counts = new Map<string, number>();
  for await (const each of splitStage('closed', [plain], wrong)) {
    counts.set(each.scenario, (counts.get(each.scenario) ?? 0) + 1);
    yield each;
  }
  if (canonicalJson([...counts]) !== canonicalJson(header.scenarios.map(({ name, questions }) => [name, questions]))) throw wrong();
}

function countsOf({ scenarios }: SuiteStageContent): SealedHeader['scenarios'] {
  return scenarios.map(({ name, questions }) => ({ name, questions: questions.length }));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Without the parser's message: it quotes the text.
  }
}
