import { hash } from 'node:crypto';
import type { Question, SuiteDescription } from '../../domain/index.ts';
import { createLinePlaces } from '../intake/line-places.ts';
import type { TakeQuestion } from '../intake/suite-files.ts';

/** What is probably not meant in a suite, while its questions come; none of them is held. */
export interface Warnings {
  add: TakeQuestion;
  finish(described: SuiteDescription): string[];
}

interface Found {
  place: number;
  what: string;
}

export function startWarnings(): Warnings {
  const places = createLinePlaces();
  const found: Found[] = [];
  /** Digests of prompts; ids; copies by what they are of; and where another canary stands than is usual. */
  const [prompts, ids] = [new Map<string, number>(), new Set<string>()];
  const copies: { place: number; of: string }[] = [];
  const canaries = new Map<string | undefined, number[]>();
  let [file, line, hasClosed] = ['', 0, false];
  return {
    add(stage, { scenario, question }) {
      const next = `${stage}/${scenario}.jsonl`;
      [file, line] = [next, next === file ? line + 1 : 1];
      hasClosed ||= stage === 'closed';
      const place = places.add(file, line);
      const prompt = hash('sha256', question.prompt, 'buffer').toString('latin1', 0, 16);
      const earlier = prompts.get(prompt);
      if (earlier === undefined) prompts.set(prompt, place);
      else found.push({ place, what: `has the same prompt as ${places.text(earlier)}` });
      for (const what of warningsOf(question)) found.push({ place, what });
      ids.add(question.id);
      if (question.perturbation) copies.push({ place, of: question.perturbation.of });
      const same = canaries.get(question.canary) ?? [];
      canaries.set(question.canary, same);
      same.push(place);
    },
    finish({ canary: expected }) {
      for (const { place, of } of copies) if (!ids.has(of)) found.push({ place, what: 'it is a perturbed copy of a question that is not there' });
      for (const [canary, at] of canaries) {
        if (expected !== undefined && canary !== expected) for (const place of at) found.push({ place, what: 'it does not carry the canary of suite.yaml' });
      }
      const lines = found.sort((a, b) => a.place - b.place).map(({ place, what }) => `${places.text(place)}: ${what}`);
      const unnamed = hasClosed && expected === undefined ? ['suite.yaml: names no canary, by which a leaked closed stage would be found in training data'] : [];
      return [...lines, ...unnamed];
    },
  };
}

function warningsOf({ prompt, references, choices, tags, groupMetrics }: Question): string[] {
  const options = new Set(Object.values(choices ?? {}));
  const checks: [boolean, string][] = [
    [prompt.trim() === '', 'the prompt is empty'],
    [references.every((reference) => reference.trim() === ''), 'every reference is empty, so no answer is right'],
    [choices !== undefined && !references.some((reference) => options.has(reference)), 'no reference is one of the choices, so no letter is right'],
    [groupMetrics?.includes('bbq') === true && (tags?.length ?? 0) < 6, 'bbq needs six tags: polarity, ambiguity and four letters'],
  ];
  return checks.filter(([isSo]) => isSo).map(([, what]) => what);
}
