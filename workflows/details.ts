import type { Run, RunStage, StageCost, StageName, StageProgress } from '../domain/index.ts';

const signs: Record<RunStage['status'], string> = {
  waiting: '·',
  running: '▶',
  completed: '✓',
  failed: '✗',
  skipped: '–',
  cancelled: '■',
};

/** The Markdown that the Temporal UI shows as the workflow's current details. */
export function renderDetails(run: Run, progress: ReadonlyMap<StageName, StageProgress>, nowMs: number): string {
  const rows = run.stages.map((stage) => stageRow(stage, progress.get(stage.name), nowMs));
  const parts = [
    `**${run.name ?? run.workflowId}** · ${run.status} · run \`${run.run}\``,
    ['| | stage | took | |', '|---|---|---|---|', ...rows].join('\n'),
    ...failureParts(run),
    ...lastLineParts(run, progress),
    ...costParts(run, progress),
    `Logs: \`reprise logs ${run.run} --stage STAGE\` · all of it: \`reprise status ${run.run}\``,
  ];
  return parts.join('\n\n');
}

/** "412 ms", "9.3 s", "4 min 5 s", "23 h 59 min". */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.max(0, Math.round(milliseconds))} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1_000).toFixed(1)} s`;
  const seconds = Math.floor(milliseconds / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}

function stageRow(stage: RunStage, progress: StageProgress | undefined, nowMs: number): string {
  const ended = stage.endedAt === null ? nowMs : Date.parse(stage.endedAt);
  const took = stage.startedAt === null ? '' : formatDuration(ended - Date.parse(stage.startedAt));
  const live = stage.status === 'running' && progress ? progressText(progress) : undefined;
  const duration = `${took}${stage.cached ? ' (stored)' : ''}`.replaceAll(' ', '\u00A0');
  return `| ${signs[stage.status]} | ${stage.name} | ${duration} | ${cell(live ?? stage.detail ?? '')} |`;
}

function progressText(progress: StageProgress): string {
  const count = progress.total === undefined ? '' : `${progress.done ?? 0}/${progress.total} `;
  return `${count}${progress.message}`;
}

function failureParts(run: Run): string[] {
  return run.stages.flatMap(({ name, outcome }) =>
    outcome?.status === 'failed'
      ? [`**${name}: ${outcome.code}** (${outcome.fault})\n\n${cell(outcome.message ?? '')}\n\nNext: ${outcome.nextStep}`]
      : [],
  );
}

/** What the run used so far; prices are the operator's, and `reprise status` knows them. */
function costParts({ stages }: Run, progress: ReadonlyMap<StageName, StageProgress>): string[] {
  const costs = stages.flatMap(({ name, status, cost = status === 'running' ? progress.get(name)?.cost : undefined }) => (cost ? [cost] : []));
  if (costs.length === 0) return [];
  const sum = (of: (cost: StageCost) => number | undefined): number => costs.reduce((total, cost) => total + (of(cost) ?? 0), 0);
  const gpuSeconds = sum((cost) => cost.gpuSeconds);
  const device = gpuSeconds === 0 ? '' : `GPU ${formatDuration(gpuSeconds * 1_000)} · `;
  const cpu = `CPU ${formatDuration(sum((cost) => cost.cpuSeconds) * 1_000)}`;
  const bytes = `stored ${mebibytes(sum((cost) => cost.storedBytes))} · moved ${mebibytes(sum((cost) => cost.movedBytes))}`;
  return [`Used: ${device}${cpu} · ${bytes} · waited in queues ${formatDuration(sum((cost) => cost.queuedMs))}`];
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}

function lastLineParts(run: Run, progress: ReadonlyMap<StageName, StageProgress>): string[] {
  return run.stages.flatMap(({ name, status }) => {
    const line = status === 'running' ? progress.get(name)?.lastLogLine : undefined;
    return line === undefined ? [] : [`\`\`\`\n${line.replaceAll('```', "'''")}\n\`\`\``];
  });
}

/** A submission decides this text: keep it inside its table cell, and from being a link or markup. */
function cell(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/[|[\]<>`*_]/g, (character) => `\\${character}`);
}
