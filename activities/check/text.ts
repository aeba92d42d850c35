import type { CheckedDockerfile, CheckedManifest, CheckFinding, CheckReport, CheckSeverity } from '../../domain/index.ts';
import { summaryOf } from '../pin/summary.ts';

export interface TextOptions {
  /** Every input, too; without it only those that resist. */
  inputs?: boolean;
}

/** The report for people: findings first, then what stays open. */
export function checkText(report: CheckReport, options: TextOptions = {}): string {
  const manifests = (report.manifests ?? []).filter(({ findings }) => findings.length > 0);
  return [...manifests.flatMap(({ path, findings }) => [path, ...findingLines(path, findings), '']), ...report.dockerfiles.flatMap((each) => [...dockerfileLines(each, options), '']), report.summary, ''].join('\n');
}

/** "3 Dockerfiles: 1 error, 2 warnings; 31 inputs: 22 exact, …". */
export function checkSummary(dockerfiles: readonly CheckedDockerfile[], manifests: readonly CheckedManifest[]): string {
  const findings = [...manifests, ...dockerfiles].flatMap((each) => each.findings);
  const count = (severity: CheckSeverity): string => {
    const number = findings.filter((each) => each.severity === severity).length;
    return `${number} ${severity}${number === 1 ? '' : 's'}`;
  };
  const inputs = summaryOf(dockerfiles.flatMap((each) => each.inputs));
  return `${dockerfiles.length} Dockerfile${dockerfiles.length === 1 ? '' : 's'}: ${count('error')}, ${count('warning')}; ${inputs}`;
}

/** Whether the answer of `reprise check` is no: some finding is certain. */
export function hasErrors(report: CheckReport): boolean {
  return [...(report.manifests ?? []), ...report.dockerfiles].some((each) => each.findings.some((found) => found.severity === 'error'));
}

function dockerfileLines(checked: CheckedDockerfile, options: TextOptions): string[] {
  const { path, context, role, evidence } = checked;
  const head = [path, `  role     ${role} (${evidence.role})`, `  context  ${context} (${evidence.context})`, `  ${summaryOf(checked.inputs)}`];
  const shown = checked.inputs.filter((input) => options.inputs === true || input.verdict === 'resists');
  const inputs = shown.map(
    (input) => `  line ${input.line}: ${input.kind} ${input.spec}: ${input.verdict}${input.reason === undefined ? '' : ` (${input.reason})`}`,
  );
  return [...head, ...findingLines(path, checked.findings), ...inputs];
}

function findingLines(path: string, findings: readonly CheckFinding[]): string[] {
  return findings.flatMap(({ line, severity, message, code, nextStep }) => [`  ${path}:${line}: ${severity}: ${message} [${code}]`, `      ${nextStep}`]);
}
