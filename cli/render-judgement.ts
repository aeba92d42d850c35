import type { Judgement } from '../domain/analysis/index.ts';
import { columns } from './terminal.ts';

/** Each judge's mean, how far the judges agree, and what it cost. */
export function renderJudgement({ mode, judges, items, mean, agreement, cost }: Judgement): string {
  const rows = judges.map(({ name, model, judged, mean: own, consistency }) => [name, model, `${judged} of ${items.length}`, text(own), mode === 'pairwise' ? text(consistency) : '']);
  const header = ['judge', 'model', 'judged', mode === 'rubric' ? 'mean' : 'first wins', mode === 'pairwise' ? 'same in both orders' : ''];
  const kappa = agreement ? [`Agreement over ${agreement.items} items: ${agreement.measure === 'cohen' ? 'Cohen' : 'Fleiss'}’ kappa ${text(agreement.kappa)}`] : [];
  const spent = `${cost.requests} requests, ${cost.cached} from the cache, ${cost.inputTokens} + ${cost.outputTokens} tokens, cost ${cost.spent.toFixed(4)}${cost.cap === null ? '' : ` of at most ${cost.cap}`}`;
  return [...columns([header, ...rows]), `Mean ${text(mean)}`, ...kappa, spent].join('\n');
}

function text(value: number | null): string {
  return value === null ? 'none' : value.toFixed(3);
}
