import { Question, type SuiteStage } from '../../domain/index.ts';
import { joined } from '../io/split-lines.ts';

export interface StageQuestion {
  scenario: string;
  question: Question;
}

/** What stands between the questions of a stage: the canonical JSON of SuiteStageContent without them. */
const between = { first: '{"scenarios":[{', next: ']},{', last: ']}],' };
/** `{`, `[`, `{`, `[` of the stage, its scenarios, one of them and its questions stand open where a question begins. */
const questionDepth = 4;

/**
 * The questions of a stage from its canonical JSON, one after the other, without holding more than one of them. Throws what `wrong`
 * gives where the text is no such stage, after the whole was read: a source that verifies itself at its end has its say before.
 */
export async function* splitStage(stage: SuiteStage, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, wrong: () => Error): AsyncGenerator<StageQuestion> {
  let scenario: string | undefined;
  let isWrong = false;
  let tail = '';
  for await (const piece of pieces(chunks)) {
    if (isWrong) continue;
    if (piece.kind === 'between') {
      const name = piece.isLast ? undefined : nameAfter(piece.text, scenario);
      if (piece.isLast) tail = piece.text;
      else if (name === undefined) isWrong = true;
      else scenario = name;
      continue;
    }
    const question = Question.safeParse(parsed(piece.bytes));
    if (question.success && scenario !== undefined) yield { scenario, question: question.data };
    else isWrong = true;
  }
  if (isWrong || scenario === undefined || tail !== `${between.last}"stage":${JSON.stringify(stage)}}`) throw wrong();
}

/** The scenario of the question that comes next; undefined where the text is not what stands between two. */
function nameAfter(text: string, current: string | undefined): string | undefined {
  if (text === ',') return current;
  const start = current === undefined ? between.first : between.next;
  if (!text.startsWith(start)) return undefined;
  const opened = parsed(Buffer.from(`{${text.slice(start.length)}]}`)) as { name?: unknown; questions?: unknown } | undefined;
  return typeof opened?.name === 'string' && Array.isArray(opened.questions) && opened.questions.length === 0 ? opened.name : undefined;
}

type Piece = { kind: 'question'; bytes: Buffer } | { kind: 'between'; text: string; isLast: boolean };

const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket] = Buffer.from('"\\{}[]');

async function* pieces(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Piece> {
  let [depth, inString, escaped] = [0, false, false];
  let held: Uint8Array[] = [];
  const take = (): Buffer => {
    const bytes = joined(held.filter(({ length }) => length > 0));
    held = [];
    return bytes;
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let index = 0; index < chunk.length; index += 1) {
      const byte = chunk[index];
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === backslash) escaped = true;
        else if (byte === quote) inString = false;
      } else if (byte === quote) inString = true;
      else if (byte === openBrace || byte === openBracket) {
        if (depth === questionDepth) {
          held.push(chunk.subarray(from, index));
          from = index;
          yield { kind: 'between', text: take().toString('utf8'), isLast: false };
        }
        depth += 1;
      } else if (byte === closeBrace || byte === closeBracket) {
        depth -= 1;
        if (depth !== questionDepth) continue;
        held.push(chunk.subarray(from, index + 1));
        from = index + 1;
        yield { kind: 'question', bytes: take() };
      }
    }
    held.push(chunk.subarray(from));
  }
  yield { kind: 'between', text: take().toString('utf8'), isLast: true };
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined; // Without the parser's message: it quotes the text, which may be a closed question.
  }
}
