import type { Span } from './prompt.ts';

/** What a server can say of tokens. */
export interface Tokenizer {
  count(text: string): Promise<number>;
  /** The text of the first `tokens` tokens; undefined where the server cannot turn tokens into text. */
  truncate(text: string, tokens: number): Promise<string | undefined>;
}

export interface FittedPrompt {
  text: string;
  examplesDropped: number;
  truncated: boolean;
}

export interface WindowRequest {
  prompt: string;
  examples: readonly Span[];
  /** Tokens of prompt and answer together. */
  tokens: number;
  maxNewTokens: number;
}

/**
 * Makes a prompt fit its window as HELM 0.5.16 does (in_context_learning_adapter.py, _make_prompt_fit; local_window_service.py):
 * solved examples are dropped from the last one on; where that does not suffice the text is cut at the right, by tokens, and then by
 * characters for as long as it does not fit. A text whose bytes fit is not counted: no tokenizer makes more tokens than bytes.
 */
export async function fitPrompt({ prompt, examples, tokens, maxNewTokens }: WindowRequest, tokenizer: Tokenizer): Promise<FittedPrompt> {
  const room = tokens - maxNewTokens;
  const fits = async (text: string): Promise<boolean> => surelyFits(text, room) || (await tokenizer.count(text)) <= room;
  for (let dropped = 0; dropped < examples.length; dropped += 1) {
    const text = withoutExamples(prompt, examples, dropped);
    if (await fits(text)) return { text, examplesDropped: dropped, truncated: false };
  }
  const bare = withoutExamples(prompt, examples, examples.length);
  if (await fits(bare)) return { text: bare, examplesDropped: examples.length, truncated: false };
  const cut = (await tokenizer.truncate(bare, room)) ?? bare;
  return { text: await longestFitting(cut, fits), examplesDropped: examples.length, truncated: true };
}

/** The prompt without its last `dropped` examples. */
export function withoutExamples(prompt: string, examples: readonly Span[], dropped: number): string {
  return examples.slice(examples.length - dropped).reduceRight((text, [start, end]) => text.slice(0, start) + text.slice(end), prompt);
}

/** Special tokens that a tokenizer may put around a text. */
const specialTokens = 8;

function surelyFits(text: string, room: number): boolean {
  return text.length * 3 + specialTokens <= room || new TextEncoder().encode(text).length + specialTokens <= room;
}

/** HELM takes off one character after the other; more characters never make fewer tokens, so halving finds the same place. */
async function longestFitting(text: string, fits: (text: string) => Promise<boolean>): Promise<string> {
  const characters = [...text];
  if (await fits(text)) return text;
  let [fitting, tooLong] = [0, characters.length];
  while (tooLong - fitting > 1) {
    const middle = Math.floor((fitting + tooLong) / 2);
    if (await fits(characters.slice(0, middle).join(''))) fitting = middle;
    else tooLong = middle;
  }
  return characters.slice(0, fitting).join('');
}
