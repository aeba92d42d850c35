import type { Analysis } from '../../../domain/analysis/index.ts';
import type { RuleName } from '../../../domain/ranking/index.ts';
import type { Figures } from '../figures/index.ts';
import { count } from '../wording.ts';
import { findingsOf } from './findings.ts';
import { html, type Markup, raw } from './markup.ts';
import type { ReportSource } from './parts.ts';
import { coarseSection, decidingSection, rankingSection, scenariosSection, stabilitySection, stagesSection, timeSection } from './sections.ts';
import { style } from './style.ts';

const rules: Record<RuleName, string> = {
  'contest-2023': 'win rates by scenario, geometric mean over scenarios, 1/3 open + 2/3 closed (NeurIPS 2023 LLM Efficiency Challenge)',
  helm: 'mean win rate over columns (HELM)',
  pairwise: 'mean pairwise win over items, 1/3 open + 2/3 closed; no other model can turn the order of two',
};

/** The report as one file: no script, no request, light and dark, for screen, phone and paper. The same analysis gives the same bytes. */
export function page(analysis: Analysis, figures: Figures, tables: Record<string, string>, source: ReportSource): string {
  const material = { analysis, figures, tables };
  const { ranking, rankTable } = analysis;
  const parts = [rankingSection, stagesSection, scenariosSection, coarseSection, decidingSection, stabilitySection, timeSection].map((section) => section(material));
  const items = ranking.bootstrap ? `, ${count(ranking.bootstrap.items, 'item')}` : '';
  const lead = `${count(ranking.models.length, 'model')}, ${count(rankTable.scenarios.length, 'scenario')}${items}, ranked by the rule ${ranking.rule}`;
  return html`${raw('<!doctype html>')}
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,"><title>Ranking of ${count(ranking.models.length, 'model')} by ${ranking.rule}</title><style>${raw(style)}</style></head>
<body><header><h1>How certain is this ranking?</h1><p class="lead">${lead}</p>
<ul class="findings">${findingsOf(analysis).map(({ value, text }) => html`<li><strong>${value}</strong>${text}</li>`)}</ul></header>
<main>${parts}${methodSection(analysis, source)}</main>
<footer>Made by reprise ${source.version}. Everything here follows from the results file and the seed; the same input gives the same bytes.</footer></body></html>
`.markup;
}

function methodSection({ ranking }: Analysis, { results }: ReportSource): Markup {
  const drawn = ranking.bootstrap ? `${count(ranking.bootstrap.replicates, 'replicate')}, items drawn within their scenario, the same draw for all models` : 'none: the table holds no single items';
  return html`<h2>How it was made</h2><dl>
<dt>Rule</dt><dd>${ranking.rule}: ${rules[ranking.rule as RuleName] ?? ''}</dd>
<dt>Bootstrap</dt><dd>${drawn}</dd>
<dt>Tests</dt><dd>paired permutations over items, corrected by Holm’s method; rank correlations with tie-corrected Spearman and Kendall tau-b</dd>
<dt>Seed</dt><dd>${ranking.seed}</dd>
<dt>Results</dt><dd>${results.name}, <code>sha256:${results.sha256}</code></dd></dl>`;
}
