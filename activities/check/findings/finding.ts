import { checkCodes, type CheckCode, type CheckFinding, type CheckSeverity, type CheckedDockerfile, type ServeApi } from '../../../domain/index.ts';
import type { BuildContext } from '../../pin/copy-sources.ts';
import type { Dockerfile } from '../../pin/dockerfile.ts';
import type { Analysis } from '../../pin/inputs.ts';
import type { Started } from '../started.ts';

/** Everything a finding is made from. */
export interface Checked {
  dockerfile: Dockerfile;
  analysis: Analysis;
  context: BuildContext;
  role: CheckedDockerfile['role'];
  started: Started | undefined;
  /** Port that the submission declares. */
  port: number;
  /** What the server speaks, as the submission declares it. */
  api: ServeApi;
}

export function finding(code: CheckCode, severity: CheckSeverity, line: number, message: string): CheckFinding {
  return { code, severity, line, message: message.slice(0, 500), nextStep: checkCodes[code] };
}

/** Whether the build fetches something whose files cannot be known here, so that what is not in the context may still be there. */
export function fetchesUnknown({ analysis }: Checked): boolean {
  return (
    analysis.images.some((image) => image.fetched.length > 0) ||
    analysis.inputs.some((input) => input.kind === 'script' && input.verdict === 'by-recording')
  );
}
