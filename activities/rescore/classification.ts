import { type ClassificationAverage, type ClassificationScore, type ClassifiedItem, classificationScore, classScore } from '../../domain/metrics/classification.ts';
import { normalizeKeepingArticles } from '../../domain/metrics/match.ts';
import { strip } from '../../domain/metrics/python-text.ts';
import type { InstanceResult } from './aggregates.ts';
import type { MetricSpec, RequestState } from './run-directory.ts';

type Pairs = [name: string, value: number][];

/** ClassificationMetric: the classes are normalised texts; those of the references where the run names none. */
export function classification({ args }: MetricSpec, group: readonly InstanceResult[]): Pairs {
  const delimiter = (args['delimiter'] ?? undefined) as string | undefined;
  const items = group.map(({ state }): ClassifiedItem => {
    const text = state.result.completions[0]?.text ?? '';
    const predictions = delimiter === undefined || delimiter === '' ? [text] : text.split(delimiter);
    return { gold: normalized(correctTexts(state)), predicted: normalized(predictions) };
  });
  const labels = (args['labels'] ?? undefined) as string[] | undefined;
  const classes = sorted(labels ? normalized(labels) : items.flatMap(({ gold }) => [...gold]));
  const averages = (args['averages'] ?? ['macro', 'micro']) as (ClassificationAverage | null)[];
  const scores = (args['scores'] ?? ['f1']) as ClassificationScore[];
  return averages.flatMap((average) =>
    scores.flatMap((score): Pairs => {
      if (average !== null) return [[`classification_${average}_${score}`, classificationScore(items, classes, { score, average })]];
      return classes.map((name) => [`classification_${name}_${score}`, classScore(items, name, score)]);
    }),
  );
}

/** MultipleChoiceClassificationMetric: the classes are the options' texts and whatever else was answered. */
export function multipleChoiceClassification(_: MetricSpec, group: readonly InstanceResult[]): Pairs {
  const items = group.map(({ state }): ClassifiedItem => {
    const [best] = [...state.result.completions].sort((a, b) => b.logprob - a.logprob);
    const text = strip(best?.text ?? '');
    const { output_mapping: choices = {} } = state;
    return { gold: new Set(correctTexts(state).slice(0, 1)), predicted: new Set([Object.hasOwn(choices, text) ? (choices[text] ?? text) : text]) };
  });
  const classes = sorted(items.flatMap(({ gold, predicted }) => [...gold, ...predicted]));
  return (['macro', 'micro'] as const).map((average) => [`classification_${average}_f1`, classificationScore(items, classes, { score: 'f1', average })]);
}

function correctTexts({ instance }: RequestState): string[] {
  return instance.references.filter(({ tags }) => tags.includes('correct')).map(({ output }) => output.text);
}

function normalized(texts: readonly string[]): Set<string> {
  return new Set(texts.filter((text) => text !== '').map(normalizeKeepingArticles));
}

function sorted(names: Iterable<string>): string[] {
  return [...new Set(names)].sort();
}
