import type { JudgeDefinition, PairVerdict } from './judge.ts';

/**
 * The score in a judge's reply, from 0 to 1 over the scale; null where it names none or one off the scale. The last JSON object
 * with a score counts, then the last "score: n", "[[n]]" or "n/most"; what a model thinks aloud in <think> does not.
 */
export function readScore(reply: string, { least, most }: JudgeDefinition['scale']): number | null {
  const text = spoken(reply);
  const score = fromJson(text, 'score') ?? lastMatch(text, /(?:score|rating|grade)\W{0,12}(-?\d+(?:\.\d+)?)/gi) ?? lastMatch(text, /\[\[\s*(-?\d+(?:\.\d+)?)\s*\]\]/g) ?? outOf(text, most);
  const value = score === undefined ? Number.NaN : Number(score);
  return Number.isFinite(value) && value >= least && value <= most ? (value - least) / (most - least) : null;
}

/** The winner in a judge's reply, A being the first answer; null where it names none. */
export function readWinner(reply: string): PairVerdict | null {
  const text = spoken(reply);
  const winner = fromJson(text, 'winner') ?? lastMatch(text, /\[\[\s*(A|B|C|tie)\s*\]\]/gi) ?? lastMatch(text, /(?:winner|verdict|better answer)\W{0,12}(?:is\W+)?(?:answer\W+)?(A|B|tie)\b/gi);
  const word = winner?.trim().toLowerCase().replace(/^(?:answer|assistant|model)\s+/, '');
  if (word === 'a') return 'first';
  if (word === 'b') return 'second';
  return word === 'tie' || word === 'c' || word === 'draw' || word === 'equal' ? 'tie' : null;
}

/** A verdict from both orders, in terms of the first order: what is said in one order only is a tie. */
export function settlePair(straight: PairVerdict, exchanged: PairVerdict): { verdict: PairVerdict; consistent: boolean } {
  const turned = exchanged === 'first' ? 'second' : exchanged === 'second' ? 'first' : 'tie';
  return straight === turned ? { verdict: straight, consistent: true } : { verdict: 'tie', consistent: false };
}

export const pairValues: Record<PairVerdict, number> = { first: 1, tie: 0.5, second: 0 };

function spoken(reply: string): string {
  const open = reply.replaceAll(/<(think|thinking|reasoning)>[\s\S]*?<\/\1>/gi, ' ');
  // A thought that never ends leaves nothing said.
  return open.replace(/<(?:think|thinking|reasoning)>[\s\S]*$/i, ' ');
}

/** The value of a key in the last JSON object that has it; objects of a verdict are flat. */
function fromJson(text: string, key: string): string | undefined {
  for (const object of [...text.matchAll(/\{[^{}]*\}/g)].toReversed()) {
    const value = memberOf(object[0], key);
    if (typeof value === 'number' || typeof value === 'string') return String(value);
  }
  return undefined;
}

function memberOf(text: string, key: string): unknown {
  for (const candidate of [text, text.replaceAll(/[\u201c\u201d]/g, '"'), text.replaceAll("'", '"')]) {
    try {
      const parsed = JSON.parse(candidate) as Record<string, unknown>;
      const found = Object.keys(parsed).find((name) => name.toLowerCase() === key);
      if (found !== undefined) return parsed[found];
    } catch {
      // Not JSON in this spelling; the next one may be.
    }
  }
  return undefined;
}

function lastMatch(text: string, pattern: RegExp): string | undefined {
  return [...text.matchAll(pattern)].at(-1)?.[1];
}

function outOf(text: string, most: number): string | undefined {
  return [...text.matchAll(/(-?\d+(?:\.\d+)?)\s*(?:\/|out of)\s*(\d+)/gi)].findLast((match) => Number(match[2]) === most)?.[1];
}
