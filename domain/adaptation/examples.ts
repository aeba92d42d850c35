import type { Adaptation } from './adaptation.ts';
import type { Instance } from './instance.ts';
import { type PythonRandom, pythonRandom } from './python-random.ts';

/**
 * The solved examples of a prompt, drawn as HELM 0.5.16 draws them (in_context_learning_adapter.py, sample_examples): labels in the
 * order of how many training instances have them, ties shuffled; then one instance of each label in turn, until there are enough;
 * the rest from the instances without a correct reference. Where HELM does not come to an end (labelled instances used up while
 * others are left), the others are taken; an empty label ends the turns, as there.
 */
export function sampleExamples(train: readonly Instance[], { examples, trial, drawExamples }: Pick<Adaptation, 'examples' | 'trial' | 'drawExamples'>): Instance[] {
  const count = Math.min(train.length, examples);
  if (!drawExamples) return train.slice(count * trial, count * (trial + 1));
  const random = pythonRandom(trial);
  const byLabel = new Map<string, Instance[]>();
  const unlabelled: Instance[] = [];
  for (const instance of train) {
    const label = instance.references.find(({ correct }) => correct)?.text;
    if (label === undefined) unlabelled.push(instance);
    else byLabel.set(label, [...(byLabel.get(label) ?? []), instance]);
  }
  const drawn = inTurns(byLabel, labelOrder(byLabel, random), count, random);
  return [...drawn, ...random.sample(unlabelled, Math.min(count - drawn.length, unlabelled.length))];
}

function labelOrder(byLabel: ReadonlyMap<string, readonly Instance[]>, random: PythonRandom): string[] {
  const labels = [...byLabel.keys()].sort(compareCodePoints);
  const bySize = new Map<number, string[]>();
  for (const label of labels) {
    const size = byLabel.get(label)?.length ?? 0;
    bySize.set(size, [...(bySize.get(size) ?? []), label]);
  }
  return [...bySize].sort(([one], [other]) => other - one).flatMap(([, each]) => random.shuffled(each));
}

function inTurns(byLabel: Map<string, Instance[]>, labels: readonly string[], count: number, random: PythonRandom): Instance[] {
  const drawn: Instance[] = [];
  let left = [...byLabel.values()].reduce((sum, instances) => sum + instances.length, 0);
  while (drawn.length < count && left > 0) {
    for (const label of labels) {
      if (drawn.length === count) break;
      if (label === '') return drawn;
      const instances = byLabel.get(label) ?? [];
      if (instances.length === 0) continue;
      drawn.push(...instances.splice(random.randrange(instances.length), 1));
      left -= 1;
    }
  }
  return drawn;
}

/** Python's order of strings; JavaScript compares UTF-16 units, which puts U+E000 to U+FFFF after what is above. */
function compareCodePoints(one: string, other: string): number {
  const [left, right] = [[...one], [...other]];
  const at = left.findIndex((character, index) => character !== right[index]);
  if (at < 0) return left.length - right.length;
  return (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? -1);
}
