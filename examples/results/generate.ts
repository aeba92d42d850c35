/** Writes contest.json: invented values of ten models in a contest's scenarios, to try `reprise score` and `reprise analyse` with. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '../../domain/random.ts';

const scenarios = [
  { name: 'mmlu', stage: 'open', items: 120, ease: 0.05 },
  { name: 'truthfulqa', stage: 'open', items: 100, ease: -0.05 },
  { name: 'big-bench', stage: 'open', items: 100, ease: -0.1 },
  { name: 'gsm8k', stage: 'open', items: 100, ease: -0.2 },
  { name: 'bbq', stage: 'open', items: 120, ease: 0.15 },
  { name: 'samsum', stage: 'closed', items: 100, ease: -0.25 },
  { name: 'corr2cause', stage: 'closed', items: 80, ease: 0 },
  { name: 'math', stage: 'closed', items: 80, ease: -0.35 },
  { name: 'ethics', stage: 'closed', items: 120, ease: 0.1 },
] as const;
const names = ['aspen', 'birch', 'cedar', 'elder', 'hazel', 'larch', 'maple', 'rowan', 'spruce', 'willow'];
const random = seededRandom('contest example 3');
const around = (spread: number): number => (random() + random() + random() - 1.5) * spread;

const models = names.map((id, index) => {
  const ability = 0.72 - 0.035 * index + around(0.06);
  const leaning = { open: around(0.16), closed: around(0.16) };
  const hours = 4 + 18 * (1 - index / names.length) ** 1.4 + around(6);
  return { id, ability, leaning, own: scenarios.map(() => around(0.2)), trainingMs: Math.round(Math.max(1.5, Math.min(23.9, hours)) * 3_600_000) };
});
const items = Object.fromEntries(
  scenarios.map(({ name, stage, items: count, ease }, at) => {
    const difficulty = Array.from({ length: count }, () => around(0.6));
    const valuesOf = (model: (typeof models)[number]): number[] => difficulty.map((hard) => Number(random() < model.ability + model.leaning[stage] + (model.own[at] ?? 0) + ease - hard));
    return [name, Object.fromEntries(models.map((model) => [model.id, valuesOf(model)]))];
  }),
);
const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const table = {
  schema: 'reprise.results/v1',
  columns: scenarios.map(({ name, stage }) => ({ id: name, scenario: name, stage, better: 'higher' })),
  models: models.map(({ id, trainingMs }) => ({ id, values: Object.fromEntries(scenarios.map(({ name }) => [name, mean(items[name]?.[id] ?? [])])), trainingMs })),
  items,
};
writeFileSync(join(import.meta.dirname, 'contest.json'), `${JSON.stringify(table).replaceAll('],"', '],\n"').replaceAll('},{', '},\n{')}\n`);
