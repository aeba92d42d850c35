import { trimEnd } from '../metrics/python-text.ts';
import type { Adaptation } from './adaptation.ts';
import { correctTexts, type Instance } from './instance.ts';

/** Where a part of a prompt begins and ends, in UTF-16 code units. */
export type Span = [start: number, end: number];

export interface Prompt {
  text: string;
  /** Each solved example with the separator that follows it, in order: what may be cut out from the last one on. */
  examples: Span[];
  /** Multiple choice: the text that each letter stands for. */
  choices?: Record<string, string>;
}

/**
 * The prompt of one instance as HELM 0.5.16 builds it: generation_adapter.py, multiple_choice_joint_adapter.py and
 * adaptation/prompt.py. Blocks (instructions, examples, question) are joined by the instance prefix; the question ends with the
 * output prefix without its trailing white space.
 */
export function buildPrompt(instance: Instance, examples: readonly Instance[], adaptation: Adaptation): Prompt {
  const { globalPrefix, globalSuffix, instructions, instancePrefix } = adaptation;
  let text = globalPrefix + (instructions === '' ? '' : instructions + instancePrefix);
  const spans = examples.map((example): Span => {
    const start = text.length;
    text += solvedText(example, adaptation) + instancePrefix;
    return [start, text.length];
  });
  text += questionText(instance, adaptation) + trimEnd(adaptation.outputPrefix) + globalSuffix;
  return { text, examples: spans, ...(adaptation.method === 'multiple_choice_joint' ? { choices: choicesOf(instance, adaptation) } : {}) };
}

function solvedText(instance: Instance, adaptation: Adaptation): string {
  return questionText(instance, adaptation) + adaptation.outputPrefix + goldText(instance, adaptation) + adaptation.outputSuffix;
}

function questionText({ input, references }: Instance, adaptation: Adaptation): string {
  const { inputPrefix, inputSuffix, referencePrefix, referenceSuffix } = adaptation;
  const options = adaptation.method === 'multiple_choice_joint' ? references : [];
  const lines = options.map(({ text }, index) => prefixOf(referencePrefix, index) + text + referenceSuffix);
  return inputPrefix + input + inputSuffix + lines.join('');
}

function goldText(instance: Instance, { method, multiLabel, referencePrefix }: Adaptation): string {
  const letters = instance.references.flatMap(({ correct }, index) => (correct ? [letterOf(referencePrefix, index)] : []));
  const golds = method === 'multiple_choice_joint' ? letters : correctTexts(instance);
  return (multiLabel ? golds.join(', ') : golds[0]) || (golds.length === 0 ? 'n/a' : '');
}

function choicesOf({ references }: Instance, { referencePrefix }: Adaptation): Record<string, string> {
  return Object.fromEntries(references.map(({ text }, index) => [letterOf(referencePrefix, index), text]));
}

function prefixOf(prefix: string, index: number): string {
  return prefix.replaceAll(letterOf(prefix, 0), letterOf(prefix, index));
}

/** The n-th letter from the prefix's first letter or digit on. */
function letterOf(prefix: string, index: number): string {
  const first = /[\p{L}\p{N}]/u.exec(prefix)?.[0]?.codePointAt(0) ?? 0;
  return String.fromCodePoint(first + index);
}
