import type { Check, Diagnosis } from '../infra/doctor.ts';
import type { StackStatus } from '../infra/stack.ts';
import type { PartState } from '../infra/supervisor/supervision.ts';
import { columns, paint } from './terminal.ts';

const signs: Record<Check['status'], string> = { ok: paint('green', '✓'), warning: paint('yellow', '!'), failed: paint('red', '✗') };

/** Every check with its next step, the parts with their restarts, and the limits. */
export function renderDiagnosis({ checks, parts, limits }: Diagnosis): string {
  const lines = checks.flatMap(({ name, status, message, nextStep }) => [
    `${signs[status]} ${name}: ${message}`,
    ...(nextStep === undefined ? [] : [`    Next: ${nextStep}`]),
  ]);
  const { sourceBytes = 0, sourceFiles = 0, buildTimeoutMs = 0 } = limits;
  const limitLine = `Limits: source ${sourceBytes} bytes and ${sourceFiles} files, build ${buildTimeoutMs} ms; all of them: docs/limits.md`;
  return [...lines, ...renderParts(parts), limitLine].join('\n');
}

/** What `--json` prints of the stack. */
export function stackDocument(status: StackStatus): StackStatus & { schema: 'reprise.stack/v1' } {
  return { schema: 'reprise.stack/v1', ...status };
}

/** Which parts run, since when, and how often one had to be started again. */
export function renderParts(parts: PartState[]): string[] {
  return columns(parts.map(({ name, pid, startedAt, restarts }) => [name, pid === undefined ? 'not running' : `pid ${pid}`, startedAt ?? '', `${restarts} restarts`]));
}
