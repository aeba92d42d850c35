import type { Diagnosis, StageDiagnosis } from '../activities/report/diagnosis.ts';
import { columns } from './terminal.ts';

/** A diagnosis by stage; for the organiser, and of the open stage, the questions that have no answer. */
export function renderDiagnosis({ run, audience, stages }: Diagnosis): string {
  return [`Diagnosis of ${run}, for the ${audience}`, ...stages.flatMap(stageLines)].join('\n');
}

function stageLines({ stage, score, counts, failures, deviations, empty, latency, tokensPerSecond, items = [] }: StageDiagnosis): string[] {
  const summary = `${stage}: score ${score.toFixed(4)}, ${counts.answered} answered, ${counts.failed} failed, ${counts.unanswered} unanswered`;
  if (!failures) return ['', summary, '  no more can be told without the key of the closed questions'];
  const rows = [...rowsOf('failed', failures), ...rowsOf('departs from the API', deviations ?? {}), ['without a text', '', String(empty ?? 0)]];
  const buckets = latency?.filter(({ share }) => share > 0).map(({ belowMs, share }) => `${belowMs === null ? 'longer' : `<${belowMs} ms`} ${Math.round(share * 100)} %`);
  const speed = tokensPerSecond === null ? [] : [`  ${tokensPerSecond} tokens a second of one request, as the server counts them`];
  const missing = items.filter(({ status }) => status !== 'answered').map(({ id, scenario, status, reason }) => [`  ${id}`, scenario, reason ?? status]);
  return ['', summary, ...columns(rows.map(([name = '', ...rest]) => [`  ${name}`, ...rest])), ...(buckets?.length ? [`  latency: ${buckets.join(', ')}`] : []), ...speed, ...columns(missing)];
}

function rowsOf(name: string, counts: Record<string, number>): string[][] {
  return Object.entries(counts).map(([word, count]) => [name, word, String(count)]);
}
