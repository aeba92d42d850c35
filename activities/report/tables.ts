import type { Analysis } from '../../domain/analysis/index.ts';

type Cell = string | number | null | undefined;

/** The analysis as CSV files by name (RFC 4180, LF); an empty cell is a missing value. */
export function csvTables(analysis: Analysis): Record<string, string> {
  const { coarse, trainingTime, stageAgreement, ranking } = analysis;
  return {
    ranking: csv(['rank', 'model', 'open', 'closed', 'full', 'full_low', 'full_high', 'rank_low', 'rank_high', 'tied_with', 'missing'], rankingRows(ranking)),
    ...(stageAgreement ? { stages: csv(['model', 'open_rank', 'closed_rank', 'full_rank'], stageAgreement.ranks.map(({ id, open, closed, full }) => [id, open, closed, full])) } : {}),
    'scenario-ranks': csv(['rank', 'model', ...analysis.rankTable.scenarios.map(({ name }) => name)], analysis.rankTable.rows.map(({ id, rank, ranks }) => [rank, id, ...ranks])),
    'scenario-agreement': csv(['spearman', ...analysis.scenarioAgreement.scenarios, 'full'], agreementRows(analysis)),
    ...(coarse ? { coarse: csv(['items_a_scenario', 'questions', 'spearman', 'kendall', 'rank_distance'], coarse.bySize.map(({ size, questions, spearman, kendall, rankDistance }) => [size, questions, spearman, kendall, rankDistance])) } : {}),
    pairs: csv(['above', 'below', 'difference', 'p', 'p_holm', 'deciding_scenarios', 'deciding_columns', 'turning_scenario', 'turning_items', 'of_items'], pairRows(analysis)),
    'left-out': csv(['without', 'one', 'other'], ranking.stability.flatMap(({ without, turnedOver }) => turnedOver.map(([one, other]) => [without, one, other]))),
    ...(trainingTime ? { 'training-time': csv(['model', 'training_ms', 'full', 'rank'], trainingTime.points.map(({ id, trainingMs, score, rank }) => [id, trainingMs, score, rank])) } : {}),
  };
}

function rankingRows({ models }: Analysis['ranking']): Cell[][] {
  return models.map(({ rank, id, open, closed, full, interval, tiedWith, missing }) => [
    rank,
    id,
    open,
    closed,
    full,
    ...(interval?.full ?? [null, null]),
    ...(interval?.rank ?? [null, null]),
    tiedWith?.join('; '),
    missing.join('; '),
  ]);
}

function agreementRows({ scenarioAgreement: { scenarios, spearman } }: Analysis): Cell[][] {
  return [...scenarios, 'full'].map((name, index) => [name, ...(spearman[index] ?? [])]);
}

function pairRows({ pairs }: Analysis): Cell[][] {
  return pairs.map(({ above, below, test, decidedBy, turnedBy }) => [
    above,
    below,
    test?.difference,
    test?.p,
    test?.pHolm,
    decidedBy.scenarios.join('; '),
    decidedBy.columns.join('; '),
    turnedBy?.scenario,
    turnedBy?.count,
    turnedBy?.of,
  ]);
}

function csv(header: string[], rows: Cell[][]): string {
  return [header, ...rows].map((row) => `${row.map(quoted).join(',')}\n`).join('');
}

function quoted(cell: Cell): string {
  const text = cell === null || cell === undefined ? '' : String(cell);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
