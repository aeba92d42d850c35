import { fingerprintOfReason } from '../activities/scan/gate.ts';
import { priceOf, totalCost, type AuditReport, type Prices, type Run, type RunStage, type ScanReport, type StageCost, type StageProgress } from '../domain/index.ts';
import { formatDuration } from '../workflows/details.ts';
import type { ListedRun } from './runs.ts';
import { acceptedLine, blockedLine, problemLines, shownFingerprint, signerText } from './render-publication.ts';
import { columns, counted, paint } from './terminal.ts';
import type { RunView } from './watch.ts';

const signs: Record<RunStage['status'], string> = {
  waiting: paint('dim', '·'),
  running: paint('cyan', '▶'),
  completed: paint('green', '✓'),
  failed: paint('red', '✗'),
  skipped: paint('dim', '–'),
  cancelled: paint('yellow', '■'),
};

/** A run as it is now, with what it waits for and why an attempt ended. */
export function renderView({ run, progress, waiting }: Omit<RunView, 'isOpen'>): string[] {
  if (!run) return [paint('yellow', 'No worker answers; the run goes on when one is up (`reprise doctor`).'), ...waiting];
  return [...renderStages(run, progress), ...waiting.map((line) => paint('yellow', line))];
}

/** As lines for a stream that cannot be redrawn: only what has come to an end, so that no line changes. */
export function renderEnded({ run, waiting }: RunView): string[] {
  const ended = run?.stages.filter(({ endedAt, status }) => endedAt !== null || status === 'skipped') ?? [];
  return [...ended.map((stage) => stageCells(stage, []).join('  ')), ...waiting];
}

export function renderStages(run: Run, progress: StageProgress[] = []): string[] {
  return columns(run.stages.map((stage) => stageCells(stage, progress)));
}

/** The score table, the claim, and why the run failed where it did. */
export function renderRun(run: Run, prices?: Prices): string {
  const lines = [`${paint('bold', run.name ?? run.workflowId, process.stdout)}  ${run.status}  ${run.run}`, ...scoreLines(run), ...failureLines(run), ...costLines(run, prices)];
  return [...lines, `Temporal UI: ${run.uiUrl}`].join('\n');
}

export function renderAudit(report: AuditReport): string {
  const { checked, bytes } = report.objects;
  const verdict = report.verified ? `verified (${report.level})` : 'does NOT verify';
  const rescored = report.rescored?.stages.map(({ stage, stored, recomputed, note }) => {
    return `  ${stage}: stored ${stored}, recomputed ${recomputed ?? 'not'}${note === undefined ? '' : ` (${note})`}`;
  });
  const { publication } = report;
  const gate = publication ? [`  ${publication.publishable ? 'publishable' : 'NOT publishable'}`, ...publication.gates.flatMap(({ stage, accepted, closedBecause }) => [...accepted.map(acceptedLine), ...closedBecause.map(blockedLine)].map((line) => `  ${stage}  ${line}`))] : [];
  return [`Audit of ${report.run}: ${verdict}; ${checked} objects, ${bytes} bytes re-read${signerText(report.signedBy)}`, ...(rescored ?? []), ...gate, ...problemLines(report.problems)].join('\n');
}

export function renderScan({ complete, incompleteBecause, scanned, findings }: ScanReport): string {
  const rows = findings.map(({ severity, rule, path, within, line, redacted, fingerprint }) => [
    severity,
    fingerprint.slice(0, shownFingerprint),
    [path, ...(within ?? [])].join(' > ') + (line === undefined ? '' : `:${line}`),
    rule,
    redacted,
  ]);
  const read = [counted(scanned.files, 'file'), counted(scanned.bytes, 'byte'), counted(scanned.objects, 'git object'), counted(scanned.layers, 'layer')].join(', ');
  const verdict = `${counted(findings.length, 'finding')} in ${read}; ${complete ? 'complete' : 'NOT complete'}`;
  return [...columns(rows), ...(incompleteBecause ?? []).map((reason) => `not read  ${fingerprintOfReason(reason).slice(0, shownFingerprint)}  ${reason}`), verdict].join('\n');
}

export function renderList(runs: ListedRun[]): string {
  if (runs.length === 0) return 'No runs yet. Start one: reprise start examples/addition';
  const header = ['run', 'submission', 'track', 'status', 'stage', 'fault', 'score', 'started'];
  const rows = runs.map(({ run, submission, track, status, stage, fault, score, startedAt }) => [
    run,
    submission ?? '',
    track ?? '',
    status,
    stage ?? '',
    fault ?? '',
    score === undefined ? '' : score.toFixed(4),
    startedAt.slice(0, 19),
  ]);
  return columns([header, ...rows]).join('\n');
}

function stageCells(stage: RunStage, progress: StageProgress[] = []): string[] {
  const ended = stage.endedAt === null ? Date.now() : Date.parse(stage.endedAt);
  const took = stage.startedAt === null ? '' : stage.cached ? 'stored' : formatDuration(ended - Date.parse(stage.startedAt));
  const live = stage.status === 'running' ? progress.find((each) => each.stage === stage.name) : undefined;
  return [signs[stage.status], stage.name, took, live ? progressText(live) : (stage.detail ?? '')];
}

function progressText({ message, done, total, lastLogLine }: StageProgress): string {
  const count = total === undefined ? '' : `${done ?? 0}/${total} `;
  return `${count}${message}${lastLogLine === undefined ? '' : paint('dim', `  ${lastLogLine}`)}`;
}

function scoreLines({ score }: Run): string[] {
  if (!score) return [];
  const rows = Object.entries(score.scenarios).map(([name, value]) => [`  ${name}`, value.toFixed(4)]);
  const totals = [
    ['open', score.open.toFixed(4)],
    ['closed', score.closed?.toFixed(4) ?? 'none'],
    ['full', score.full.toFixed(4)],
  ];
  const claim = score.claimHolds === null ? [] : [score.claimHolds ? 'The claimed score holds.' : 'The claimed score does NOT hold.'];
  return [...columns([['scenario', 'score'], ...rows, ...totals]), ...claim];
}

/** What the run used, and what that costs by the operator's table. */
function costLines({ stages }: Run, prices: Prices | undefined): string[] {
  const costs = stages.flatMap(({ cost }) => (cost ? [cost] : []));
  if (costs.length === 0) return [];
  const total = totalCost(costs);
  return [`Used: ${usedText(total)}${prices ? `; ${priceOf(total, prices).toFixed(4)} ${prices.currency}` : ''}`];
}

function usedText(cost: StageCost): string {
  const mebibytes = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
  return [
    `work of ${formatDuration(cost.wallMs)}`,
    ...(cost.gpuSeconds === undefined ? [] : [`GPU ${formatDuration(cost.gpuSeconds * 1_000)}`]),
    ...(cost.cpuSeconds === undefined ? [] : [`CPU ${formatDuration(cost.cpuSeconds * 1_000)}`]),
    ...(cost.energyJoules === undefined ? [] : [`${(cost.energyJoules / 3.6e6).toFixed(3)} kWh`]),
    `stored ${mebibytes(cost.storedBytes)}`,
    `moved ${mebibytes(cost.movedBytes)}`,
    `waited in queues ${formatDuration(cost.queuedMs)}`,
  ].join(', ');
}

function failureLines({ stages }: Run): string[] {
  return stages.flatMap(({ name, status, outcome, cost }) =>
    outcome?.status === 'failed'
      ? [`${name} ${status}: ${outcome.code} (fault: ${outcome.fault})`, `  ${outcome.message}`, ...(cost ? [`  Used: ${usedText(cost)}`] : []), `  Next: ${outcome.nextStep}`]
      : [],
  );
}
