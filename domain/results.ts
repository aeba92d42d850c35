import { z } from 'zod';
import { type JsonPath, type LocatedJson, parseLocated, showPath } from './located-json.ts';
import { SuiteStage } from './suite.ts';

export const ResultsColumn = z.object({
  id: z.string().min(1),
  scenario: z.string().min(1),
  stage: SuiteStage,
  better: z.enum(['higher', 'lower']),
});
export type ResultsColumn = z.infer<typeof ResultsColumn>;

/** A value of a table; null where it is missing, which is not zero. */
const Cell = z.number().nullable();

/**
 * What models achieved, column by column. `items` may give, by column and model, the values of the single questions whose mean a
 * column is, in one order for all models and all columns of a scenario; uncertainty is estimated from them.
 */
export const Results = z.object({
  schema: z.literal('reprise.results/v1'),
  columns: z.array(ResultsColumn).min(1),
  models: z.array(
    z.object({
      id: z.string().min(1),
      values: z.record(z.string(), Cell),
      /** How long its training took, in ms; null or absent where it is not known. */
      trainingMs: z.number().nonnegative().nullable().optional(),
    }),
  ),
  items: z.record(z.string(), z.record(z.string(), z.array(Cell))).optional(),
});
export type Results = z.infer<typeof Results>;

const Interval = z.tuple([z.number(), z.number()]);
const Score = z.number().nullable();

/** A ranking. Scores are fractions; null where the rule gives none. Models of equal score share a rank. */
export const Scores = z.object({
  schema: z.literal('reprise.scores/v1'),
  rule: z.string(),
  seed: z.string(),
  models: z.array(
    z.object({
      id: z.string(),
      rank: z.number().int(),
      open: Score,
      closed: Score,
      full: Score,
      scenarios: z.record(z.string(), Score),
      /** Columns in which the model has no value. */
      missing: z.array(z.string()),
      /** 95 % percentile intervals of the bootstrap. */
      interval: z.object({ open: Interval.nullable(), closed: Interval.nullable(), full: Interval, rank: Interval }).optional(),
      /** Models from which the bootstrap does not tell this one apart. */
      tiedWith: z.array(z.string()).optional(),
    }),
  ),
  bootstrap: z.object({ replicates: z.number().int(), items: z.number().int(), columns: z.array(z.string()) }).optional(),
  /** Pairs of neighbours in the ranking: what tells them apart. */
  neighbours: z.array(
    z.object({
      above: z.string(),
      below: z.string(),
      /** Without one of these alone the order of the pair turns over or becomes a tie. */
      decidedBy: z.object({ scenarios: z.array(z.string()), columns: z.array(z.string()) }),
      /** Paired permutation test over items; pHolm is corrected for all pairs. */
      test: z.object({ difference: z.number(), p: z.number(), pHolm: z.number() }).optional(),
    }),
  ),
  /** For each model: the pairs of others whose order turns over when it is left out. */
  stability: z.array(z.object({ without: z.string(), turnedOver: z.array(z.tuple([z.string(), z.string()])) })),
});
export type Scores = z.infer<typeof Scores>;

/** A HELM run's statistics recomputed. A value that is missing on one side is null. */
export const ParityReport = z.object({
  schema: z.literal('reprise.parity/v1'),
  compared: z.number().int(),
  equal: z.number().int(),
  differing: z.array(
    z.object({
      instanceId: z.string(),
      perturbation: z.string().optional(),
      trial: z.number().int(),
      metric: z.string(),
      split: z.string().optional(),
      theirs: Score,
      ours: Score,
    }),
  ),
  /** Names of metrics in the run that are not recomputed. */
  unsupported: z.array(z.string()),
});
export type ParityReport = z.infer<typeof ParityReport>;

/** A results table that cannot be ranked: every problem found, each with the line and the path of its place. */
export class ResultsError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`The results cannot be ranked: ${problems.slice(0, shownProblems).join('; ')}${more(problems.length)}.`);
    this.problems = problems;
  }
}

/** Reads reprise.results/v1. Throws a ResultsError that names line and path of everything that keeps it from being ranked. */
export function parseResults(text: string): Results {
  const located = locate(text);
  const parsed = Results.safeParse(located.value);
  const problem: Report = (path, message) => `line ${located.lineOf(path)}, ${showPath(path)}: ${message}`;
  const doubles = located.duplicateKeys.map(({ path, line }) => `line ${line}, ${showPath(path)}: the key is there twice`);
  if (!parsed.success) {
    throw new ResultsError([...doubles, ...parsed.error.issues.map((issue) => problem(issue.path as JsonPath, messageOf(issue, located)))]);
  }
  const problems = [...doubles, ...problemsOf(parsed.data, problem)];
  if (problems.length > 0) throw new ResultsError(problems);
  return parsed.data;
}

type Report = (path: JsonPath, message: string) => string;
const shownProblems = 10;
/** A column's value may differ from its items' mean by what printing with nine digits loses. */
const meanTolerance = 1e-9;

function more(count: number): string {
  return count > shownProblems ? `; and ${count - shownProblems} more` : '';
}

function locate(text: string): LocatedJson {
  try {
    return parseLocated(text);
  } catch (error) {
    throw new ResultsError([(error as SyntaxError).message]);
  }
}

function messageOf(issue: z.core.$ZodIssue, { value }: LocatedJson): string {
  const found = issue.path.reduce<unknown>((at, part) => (at as Record<PropertyKey, unknown> | undefined)?.[part], value);
  return typeof found === 'number' && !Number.isFinite(found) ? `${found} is no value; write null for a missing one` : issue.message;
}

function problemsOf(results: Results, problem: Report): string[] {
  const { columns, models } = results;
  const columnIds = new Set(columns.map(({ id }) => id));
  const hasValue = models.some(({ values }) => Object.values(values).some((value) => value !== null));
  return [
    ...repeated(columns.map(({ id }) => id)).map((at) => problem(['columns', at, 'id'], `there is a column "${columns[at]?.id}" before`)),
    ...repeated(models.map(({ id }) => id)).map((at) => problem(['models', at, 'id'], `there is a model "${models[at]?.id}" before`)),
    ...scenariosInBothStages(results, problem),
    ...models.flatMap(({ values }, at) =>
      Object.keys(values)
        .filter((id) => !columnIds.has(id))
        .map((id) => problem(['models', at, 'values', id], 'there is no such column')),
    ),
    ...(models.length < 2 ? [problem(['models'], `a ranking needs two models, and there is ${models.length === 0 ? 'none' : 'one'}`)] : []),
    ...(models.length > 0 && !hasValue ? [problem(['models'], 'no model has any value')] : []),
    ...problemsOfItems(results, problem),
  ];
}

function repeated(ids: string[]): number[] {
  return ids.flatMap((id, at) => (ids.indexOf(id) < at ? [at] : []));
}

function scenariosInBothStages({ columns }: Results, problem: Report): string[] {
  const stageOf = new Map<string, string>();
  return columns.flatMap(({ scenario, stage }, at) => {
    const before = stageOf.get(scenario) ?? stage;
    stageOf.set(scenario, before);
    return before === stage ? [] : [problem(['columns', at, 'stage'], `scenario "${scenario}" is in the ${before} stage before`)];
  });
}

function problemsOfItems({ columns, models, items = {} }: Results, problem: Report): string[] {
  const lengthOf = new Map<string, number>();
  return Object.entries(items).flatMap(([columnId, byModel]) => {
    const column = columns.find(({ id }) => id === columnId);
    if (column === undefined) return [problem(['items', columnId], 'there is no such column')];
    return Object.entries(byModel).flatMap(([modelId, values]) => {
      const report = (message: string): string[] => [problem(['items', columnId, modelId], message)];
      const model = models.find(({ id }) => id === modelId);
      if (model === undefined) return report('there is no such model');
      const length = lengthOf.get(column.scenario) ?? values.length;
      lengthOf.set(column.scenario, length);
      if (values.length !== length) return report(`${values.length} items, and ${length} elsewhere in scenario "${column.scenario}"`);
      return meanProblem(model.values[columnId] ?? null, values).flatMap(report);
    });
  });
}

function meanProblem(value: number | null, items: (number | null)[]): string[] {
  const present = items.filter((item) => item !== null);
  const mean = present.length === 0 ? null : present.reduce((sum, item) => sum + item, 0) / present.length;
  const isSame = value === null || mean === null ? value === mean : Math.abs(value - mean) <= meanTolerance * Math.max(1, Math.abs(mean));
  return isSame ? [] : [`the mean of the items is ${mean}, the column's value ${value}`];
}
