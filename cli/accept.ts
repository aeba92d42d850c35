import { userInfo } from 'node:os';
import { Option } from 'commander';
import { redactText } from '../activities/scan/redact-text.ts';
import { Acceptance } from '../domain/index.ts';
import type { Config } from '../infra/config.ts';
import { UsageError } from './errors.ts';

/** `--accept FINGERPRINT=REASON`, as often as there are findings to accept. */
export function acceptOption(): Option {
  return new Option('--accept <fingerprint=reason>', 'let this finding of a scan be published, and say why; both stand in the attestation').argParser(
    (text: string, before: string[] = []) => [...before, text],
  );
}

/** What the person at this terminal accepts, now. Throws UsageError naming what is wrong. */
export function readAcceptances(texts: readonly string[] = [], { host }: Pick<Config, 'host'>): Acceptance[] {
  const at = new Date().toISOString();
  return texts.map((text) => {
    const [fingerprint = '', ...reason] = text.split('=');
    const parsed = Acceptance.safeParse({ fingerprint: fingerprint.trim(), reason: redactText(reason.join('=')), by: `${userInfo().username}@${host}`, at });
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw new UsageError(`--accept ${JSON.stringify(redactText(text))}: ${issue?.path.join('.')} ${issue?.message}`, 'Write --accept FINGERPRINT=REASON; `reprise scan` prints fingerprints.');
  });
}
