import type { Elimination } from '../domain/analysis/index.ts';
import type { ParityReport, Scores } from '../domain/results.ts';
import { columns } from './terminal.ts';

/** The ranking, the best first, with intervals where the results hold single questions. */
export function renderScores({ models, rule }: Scores): string {
  const header = ['rank', 'model', 'open', 'closed', 'full', '95 %', 'rank from-to', 'tied with'];
  const rows = models.map(({ rank, id, open, closed, full, interval, tiedWith }) => [
    String(rank),
    id,
    ...[open, closed, full].map((value) => (value === null ? 'none' : value.toFixed(4))),
    interval ? `${interval.full[0].toFixed(4)}-${interval.full[1].toFixed(4)}` : '',
    interval ? `${interval.rank[0]}-${interval.rank[1]}` : '',
    tiedWith?.join(', ') ?? '',
  ]);
  return [`Rule: ${rule}`, ...columns([header, ...rows])].join('\n');
}

/** Who stays and who needs no further questions, and by whom each of these is beaten. */
export function renderElimination({ keep, risk, scenarios, models, leftOut }: Elimination): string {
  const rows = models.map(({ id, eliminated, beatenBy }) => [eliminated ? 'out' : 'stays', id, eliminated ? `beaten by ${beatenBy.join(', ')}` : '']);
  const gone = models.filter(({ eliminated }) => eliminated).length;
  const compared = scenarios.map(({ column, questions }) => `${column} (${questions})`).join(', ');
  const fewest = Math.min(...scenarios.map(({ questions }) => questions));
  return [
    ...columns(rows),
    `${gone} of ${models.length} need no further questions. That one of them belongs to the best ${keep} has a probability of at most ${risk}.`,
    `Compared by ${compared}; ${fewest} questions of each count.`,
    ...(leftOut.length > 0 ? [`Without values of single questions: ${leftOut.join(', ')}`] : []),
  ].join('\n');
}

/** How many values agree, which do not, and which metrics are not recomputed. */
export function renderParity({ compared, equal, differing, unsupported }: ParityReport): string {
  const rows = differing.map(({ instanceId, trial, metric, theirs, ours }) => [instanceId, `trial ${trial}`, metric, `theirs ${theirs}`, `ours ${ours}`]);
  const left = unsupported.length === 0 ? [] : [`Not recomputed: ${unsupported.join(', ')}`];
  return [...columns(rows), ...left, `${equal} of ${compared} values equal`].join('\n');
}
