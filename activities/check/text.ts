import type { CheckedDockerfile, CheckReport, CheckSeverity } from '../../domain/index.ts';
import { summaryOf } from '../pin/summary.ts';

export interface TextOptions {
  /** Every input, too; without it only those that resist. */
  inputs?: boolean;
}

/** The report for people: findings first, then what stays open. */
export function checkText(report: CheckReport, options: TextOptions = {}): string {
  return [...report.dockerfiles.flatMap((each) => [...dockerfileLines(each, options), '']), report.summary, ''].join('\n');
}

/** "3 Dockerfiles: 1 error, 2 warnings; 31 inputs: 22 exact, …". */
export function checkSummary(dockerfiles: readonly CheckedDockerfile[]): string {
  const findings = dockerfiles.flatMap((each) => each.findings);
  const count = (severity: CheckSeverity): string => {
    const number = findings.filter((each) => each.severity === severity).length;
    return `${number} ${severity}${number === 1 ? '' : 's'}`;
  };
  const inputs = summaryOf(dockerfiles.flatMap((each) => each.inputs));
  return `${dockerfiles.length} Dockerfile${dockerfiles.length === 1 ? '' : 's'}: ${count('error')}, ${count('warning')}; ${inputs}`;
}

/** Whether the answer of `reprise check` is no: some finding is certain. */
export function hasErrors(report: CheckReport): boolean {
  return report.dockerfiles.some((each) => each.findings.some((found) => found.severity === 'error'));
}

function dockerfileLines(checked: CheckedDockerfile, options: TextOptions): string[] {
  const { path, context, role, evidence } = checked;
  const head = [path, `  role     ${role} (${evidence.role})`, `  context  ${context} (${evidence.context})`, `  ${summaryOf(checked.inputs)}`];
  const findings = checked.findings.flatMap((each) => [
    `  ${path}:${each.line}: ${each.severity}: ${each.message} [${each.code}]`,
    `      ${each.nextStep}`,
  ]);
  const shown = checked.inputs.filter((input) => options.inputs === true || input.verdict === 'resists');
  const inputs = shown.map(
    (input) => `  line ${input.line}: ${input.kind} ${input.spec}: ${input.verdict}${input.reason === undefined ? '' : ` (${input.reason})`}`,
  );
  return [...head, ...findings, ...inputs];
}
