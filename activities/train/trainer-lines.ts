/** What a line of a training's log says of its course; only what it says. */
export interface TrainerLine {
  step?: number;
  steps?: number;
  epoch?: number;
  loss?: number;
}

/**
 * Reads the formats of common trainers: Hugging Face's dictionaries (`{'loss': 1.2, 'epoch': 0.5}`), tqdm's and Lightning's bars
 * (`12%|█ | 120/1000 [00:10<01:10, …, loss=1.2]`), and plain `step 12/1000 loss: 1.2`, `epoch=3 loss=0.4`. Undefined where the
 * line says nothing of the kind. What it says is shown and never believed.
 */
export function readTrainerLine(line: string): TrainerLine | undefined {
  const shown = line.split('\r').findLast((part) => part.trim() !== '') ?? '';
  // A line is the submission's: what is longer than any trainer's is not worth matching.
  const text = shown.slice(-longestLine);
  const found: TrainerLine = { ...numbersOf(text), ...barOf(text) };
  return Object.keys(found).length === 0 ? undefined : found;
}

const longestLine = 1_000;

const number = String.raw`['"]?\s*[:= ]\s*\(?([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)`;
const patterns = {
  step: new RegExp(String.raw`\b(?:global_?step|steps?|iter(?:ation)?)${number}`, 'i'),
  epoch: new RegExp(String.raw`\bepoch${number}`, 'i'),
  loss: new RegExp(String.raw`\b(?:train(?:ing)?[_/ ]?)?loss(?:_step)?${number}`, 'i'),
};
const stepOf = /\b(?:global_?step|steps?|iter(?:ation)?)['"]?\s*[:= ]?\s*(\d+)\s*(?:\/|of)\s*(\d+)/i;

function numbersOf(text: string): TrainerLine {
  const found: TrainerLine = {};
  for (const [name, pattern] of Object.entries(patterns) as [keyof typeof patterns, RegExp][]) {
    const value = Number(pattern.exec(text)?.[1] ?? Number.NaN);
    if (Number.isFinite(value)) found[name] = value;
  }
  const counted = stepOf.exec(text);
  return counted ? { ...found, ...counts(counted[1], counted[2]) } : found;
}

/** `done/total [elapsed<left`: a bar that counts something else than steps looks the same, and is one all the same. */
function barOf(text: string): TrainerLine {
  const bar = /(\d+)\/(\d+) \[[\d:]+</.exec(text);
  return bar ? counts(bar[1], bar[2]) : {};
}

function counts(done: string | undefined, total: string | undefined): TrainerLine {
  return { step: Number(done), steps: Number(total) };
}
