import type { Analysis } from '../../../domain/analysis/index.ts';
import type { Figures } from '../figures/index.ts';
import { heatOf } from '../palette.ts';
import { count, figure, probability, range, ranked } from '../wording.ts';
import { html, type Markup } from './markup.ts';
import { download, figureMarkup, table } from './parts.ts';

/** What every section is made from. */
export interface Material {
  analysis: Analysis;
  figures: Figures;
  tables: Record<string, string>;
}

export function rankingSection({ analysis: { ranking }, figures, tables }: Material): Markup {
  const hasIntervals = ranking.bootstrap !== undefined;
  const rows = ranking.models.map(({ rank, id, open, closed, full, interval, tiedWith }) => [
    ranked(rank, id),
    figure(open, 3),
    figure(closed, 3),
    figure(full, 3),
    ...(hasIntervals ? [interval ? range(interval.full, 3) : '', interval ? range(interval.rank) : '', tiedWith?.join(', ') ?? ''] : []),
  ]);
  const columns = ['model', 'open', 'closed', 'full'].map((name) => ({ name }));
  const uncertain = [{ name: '95\u00a0% interval' }, { name: 'ranks' }, { name: 'not told apart from', left: true }];
  const note = hasIntervals
    ? `Dots are scores, bars their 95\u00a0% intervals over ${count(ranking.bootstrap?.replicates ?? 0, 'draw')} of the items; on the right the ranks that these draws give.`
    : 'The table holds no single items: scores have no intervals.';
  return html`<h2>Ranking</h2>${figureMarkup(figures.ranking, note)}
${table([...columns, ...(hasIntervals ? uncertain : [])], rows)}${download('ranking', tables['ranking'])}`;
}

export function stagesSection({ analysis: { stageAgreement }, figures, tables }: Material): Markup {
  if (!stageAgreement) return html``;
  const { spearman, kendall, p, models } = stageAgreement;
  return html`<h2>Does the open stage foretell the closed one?</h2>
<p>Spearman ${figure(spearman)}, Kendall ${figure(kendall)} over ${count(models, 'model')}; a random order agrees or disagrees as much in a share p of ${probability(p)}.</p>
${figureMarkup(figures.stages, html`<span class="key" style="background:var(--blue)"></span>rises by three ranks or more<span class="key" style="background:var(--orange)"></span>falls by three ranks or more`)}
${download('stages', tables['stages'])}`;
}

export function scenariosSection({ analysis: { rankTable, ranking }, figures, tables }: Material): Markup {
  const most = Math.max(2, ranking.models.length);
  const head = rankTable.scenarios.map(({ name, stage }) => html`<th scope="col" title="${name}, ${stage} stage"><span>${stage === 'closed' ? '◆ ' : ''}${name}</span></th>`);
  const cell = (rank: number | null): Markup => {
    if (rank === null) return html`<td title="no score">·</td>`;
    const { fill, ink } = heatOf(1 - (rank - 1) / (most - 1));
    return html`<td style="background:${fill};color:${ink}">${rank}</td>`;
  };
  const rows = rankTable.rows.map(({ id, rank, ranks }) => html`<tr><th scope="row" title="${id}">${ranked(rank, id)}</th>${ranks.map(cell)}</tr>\n`);
  return html`<h2>Ranks by scenario</h2>
<div class="scroll"><table class="ranks"><thead><tr><th></th>${head}</tr></thead><tbody>${rows}</tbody></table></div>
<p class="note">The stronger the blue, the better the rank. ◆ marks the closed stage. A dot is a scenario without a score, which is not the last rank.</p>
${download('scenario-ranks', tables['scenario-ranks'])}
${figureMarkup(figures.scenarios, html`Spearman between every two scenarios over the models: <span class="key" style="background:var(--heat-p3)"></span>alike<span class="key" style="background:var(--heat-0)"></span>unrelated<span class="key" style="background:var(--heat-n3)"></span>opposed`)}
${download('scenario-agreement', tables['scenario-agreement'])}`;
}

export function coarseSection({ analysis: { coarse }, figures, tables }: Material): Markup {
  if (!coarse || !figures.coarse) return html``;
  const sizes = [...new Set(coarse.scenarios.map(({ items }) => items))].sort((one, other) => one - other);
  const left = coarse.leftOut.length === 0 ? '' : ` Left out, as they have no items somewhere: ${coarse.leftOut.join(', ')}.`;
  return html`<h2>How many questions are enough?</h2>
<p>Rankings by a few items a scenario against the ranking by all (${range([sizes[0] ?? 0, sizes.at(-1) ?? 0])} items a scenario), means over ${coarse.rounds} draws.
The score is here the mean over scenarios of the mean item.${left}</p>
${figureMarkup(figures.coarse)}${figureMarkup(figures.distance, '95\u00a0% of the models’ ranks are within this distance of their rank by all items.')}
${download('coarse', tables['coarse'])}`;
}

export function decidingSection({ analysis: { pairs }, tables }: Material): Markup {
  const hasTests = pairs.some(({ test }) => test !== undefined);
  const columns = [{ name: 'pair' }, ...(hasTests ? [{ name: 'p (Holm)' }] : []), { name: 'decided by', left: true }, { name: 'turned by removing', left: true }];
  const rows = pairs.map(({ above, below, test, decidedBy, turnedBy }) => [
    `${above} › ${below}`,
    ...(hasTests ? [probability(test?.pHolm)] : []),
    decidedBy.scenarios.length > 0 ? decidedBy.scenarios.join(', ') : 'no scenario alone',
    turnedBy ? `${count(turnedBy.count, 'item')} of ${turnedBy.of} in ${turnedBy.scenario}` : 'no scenario’s items',
  ]);
  return html`<h2>What decides each place</h2>
<p>For neighbours in the ranking: the scenarios without any one of which they change places or tie, and the smallest number of items found whose removal does the same.</p>
${table(columns, rows)}${download('pairs', tables['pairs'])}`;
}

export function stabilitySection({ analysis: { ranking }, figures, tables }: Material): Markup {
  if (ranking.stability.length === 0) return html``;
  const total = ranking.stability.reduce((sum, { turnedOver }) => sum + turnedOver.length, 0);
  const verdict = total === 0 ? 'No pair of models changes its order when another model is left out.' : `In ${count(total, 'case')} two models change their order because another one is left out.`;
  return html`<h2>What if one model had not taken part?</h2><p>${verdict}</p>${figureMarkup(figures.leftOut)}${total === 0 ? null : download('left-out', tables['left-out'])}`;
}

export function timeSection({ analysis: { trainingTime }, figures, tables }: Material): Markup {
  if (!trainingTime) return html``;
  const { spearman, p, models } = trainingTime;
  return html`<h2>Does training longer help?</h2>
<p>Spearman ${figure(spearman)} between training time and score over ${count(models, 'model')} (p ${probability(p)}).</p>
${figureMarkup(figures.trainingTime, 'The number in a circle is the model’s rank.')}${download('training-time', tables['training-time'])}`;
}
