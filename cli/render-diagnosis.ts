import type { Diagnosis, ItemDiagnosis, StageDiagnosis } from '../activities/report/diagnosis.ts';
import { columns } from './terminal.ts';

/** A diagnosis by stage; for the organiser, and of the open stage, the questions that have no answer. */
export function renderDiagnosis({ run, audience, stages }: Diagnosis): string {
  return [`Diagnosis of ${run}, for the ${audience}`, ...stages.flatMap(stageLines)].join('\n');
}

function stageLines({ stage, score, counts, failures, deviations, empty, latency, tokensPerSecond, confidence = [], items }: StageDiagnosis): string[] {
  const summary = `${stage}: score ${score.toFixed(4)}, ${counts.answered} answered, ${counts.failed} failed, ${counts.unanswered} unanswered`;
  if (!failures) return ['', summary, '  no more can be told without the key of the closed questions'];
  // Of what may not be seen question by question these are told as powers of ten.
  const least = items ? '' : 'at least ';
  const rows = [...rowsOf('failed', failures), ...rowsOf('departs from the API', deviations ?? {}, least), ['without a text', '', (empty ?? 0) === 0 ? '0' : `${least}${empty}`]];
  const buckets = latency?.filter(({ share }) => share > 0).map(({ belowMs, share }) => `${belowMs === null ? 'longer' : `<${belowMs} ms`} ${Math.round(share * 100)} %`);
  const speed = tokensPerSecond === null ? [] : [`  ${tokensPerSecond} tokens a second of one request, as the server counts them`];
  const told = [...(buckets?.length ? [`  latency: ${buckets.join(', ')}`] : []), ...speed];
  return ['', summary, ...columns(rows.map(([name = '', ...rest]) => [`  ${name}`, ...rest])), ...told, ...confidence.flatMap(confidenceLines), ...columns(missingRows(items ?? []))];
}

/** Not given is neither zero nor certain. */
function confidenceLines({ scenario, stated, metrics }: NonNullable<StageDiagnosis['confidence']>[number]): string[] {
  if (stated === 0) return [`  ${scenario}: ${Object.keys(metrics).join(', ')} not given, as the server gives no log-probabilities`];
  const rows = Object.entries(metrics).map(([name, value]) => [`    ${name}`, value === null ? 'left open by the answers' : value.toFixed(4)]);
  return [`  ${scenario}: how certain the server says it is, of ${stated} answers`, ...columns(rows)];
}

function missingRows(items: Iterable<ItemDiagnosis>): string[][] {
  const rows: string[][] = [];
  for (const { id, scenario, status, reason } of items) if (status !== 'answered') rows.push([`  ${id}`, scenario, reason ?? status]);
  return rows;
}

function rowsOf(name: string, counts: Record<string, number>, before = ''): string[][] {
  return Object.entries(counts).map(([word, count]) => [name, word, `${before}${count}`]);
}
