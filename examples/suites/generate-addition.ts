/**
 * Writes the suite `addition/`: `node examples/suites/generate-addition.ts [directory]`. The same seed gives the same questions,
 * so that the committed files can be checked against this script.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const seed = 20231215;
const questionsPerScenario = 150;

interface Scenario {
  name: string;
  stage: 'open' | 'closed';
  digits: number;
  accepts: (a: number, b: number) => boolean;
}

const scenarios: Scenario[] = [
  { name: 'two-digit', stage: 'open', digits: 2, accepts: () => true },
  { name: 'three-digit', stage: 'open', digits: 3, accepts: () => true },
  { name: 'four-digit', stage: 'closed', digits: 4, accepts: () => true },
  { name: 'carry-chain', stage: 'closed', digits: 4, accepts: carriesEverywhere },
];

const suite = process.argv[2] ?? join(import.meta.dirname, 'addition');
const random = generator(seed);
for (const scenario of scenarios) {
  const directory = join(suite, scenario.stage);
  mkdirSync(directory, { recursive: true });
  const lines = pairsOf(scenario).map(([a, b], index) => JSON.stringify(question(scenario.name, index, a, b)));
  writeFileSync(join(directory, `${scenario.name}.jsonl`), `${lines.join('\n')}\n`);
}

function question(scenario: string, index: number, a: number, b: number): object {
  return {
    id: `${scenario}-${String(index + 1).padStart(3, '0')}`,
    prompt: `What is ${a} + ${b}?\nAnswer:`,
    references: [String(a + b)],
    generation: { maxNewTokens: 8 },
    metrics: ['exact_match', 'quasi_exact_match'],
  };
}

function pairsOf({ digits, accepts }: Scenario): [number, number][] {
  const pairs = new Map<string, [number, number]>();
  while (pairs.size < questionsPerScenario) {
    const [a, b] = [operand(digits), operand(digits)];
    if (isHeldOut(a, b) && accepts(a, b)) pairs.set(`${Math.min(a, b)}+${Math.max(a, b)}`, [a, b]);
  }
  return [...pairs.values()];
}

function operand(digits: number): number {
  const lowest = 10 ** (digits - 1);
  return lowest + Math.floor(random() * 9 * lowest);
}

/** The rule of `is_held_out` in addition/adder.py: training never sees these pairs. */
function isHeldOut(a: number, b: number): boolean {
  return (((a * b * 7919 + (a + b) * 104729) % 1000003) % 10) === 0;
}

/** Whether the units carry and the carry runs through every later place of the first operand. */
function carriesEverywhere(a: number, b: number): boolean {
  const places = [...String(a)].toReversed().map((digit, place) => Number(digit) + (Math.floor(b / 10 ** place) % 10));
  return places.every((sum, place) => sum >= (place === 0 ? 10 : 9));
}

/** Mulberry32: 32 bits of state are enough for a few hundred questions, and it is the same on every machine. */
function generator(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
