import { pipeline, type Readable } from 'node:stream';
import type { ScanReport, SecretFinding } from '../../domain/index.ts';
import type { Settings } from '../dependencies.ts';
import { failure } from '../failure.ts';
import type { MaskFile } from '../io/blobs.ts';
import { scanContent } from '../scan/content.ts';
import { readFingerprintKey } from '../scan/fingerprint-key.ts';
import { outermost } from '../scan/nesting.ts';
import { createRedactStream } from '../scan/redact.ts';
import { createSession } from '../scan/session.ts';
import { createValueSearch } from '../scan/values.ts';

/** Looks for the operator's values in what a submission writes, before it is stored. */
export interface FileMask {
  mask: MaskFile;
  /** Everything that was masked, as the report of a scan. */
  report(): ScanReport;
}

/**
 * Text is masked, and the finding reported. A file that is binary, or packs the value, is never patched: it would be another
 * model, or none. Storing it would leave the value in the store for good, so it is refused, in archives of archives too.
 * Undefined where the run has no secrets. Failures of `mask`: SECRET_EXPOSED, naming the file and what it holds.
 */
export async function openFileMask(settings: Pick<Settings, 'exposedSecrets' | 'fingerprintKeyFile' | 'scratchDirectory'>): Promise<FileMask | undefined> {
  const { exposedSecrets: exposed, scratchDirectory } = settings;
  if (!exposed) return undefined;
  const options = { fingerprintKey: await readFingerprintKey(settings), values: createValueSearch(exposed), rules: false, scratchDirectory };
  const whole = createSession(options);
  return {
    report: whole.report,
    async mask(path, open) {
      const session = createSession(options, whole.fingerprintOf);
      await scanContent(session, outermost(path), open() as AsyncIterable<Buffer>);
      const { findings, scanned, complete } = session.report();
      whole.merge({ schema: 'reprise.scan/v1', complete: true, findings, scanned: { ...scanned, files: 1 } });
      if (!complete) whole.skip(path, [], 'not read whole for the secrets of the run');
      if (findings.length === 0) return undefined;
      await refuseUnmaskable(path, findings, open());
      const masked = createRedactStream({ values: exposed, rules: false });
      pipeline(open(), masked, () => undefined); // A source that breaks off ends the masked stream with its error.
      return masked;
    },
  };
}

async function refuseUnmaskable(path: string, findings: SecretFinding[], content: Readable): Promise<void> {
  const packed = findings.find(({ within = [] }) => within.some((name) => name !== 'decoded'));
  if (packed) throw failure('SECRET_EXPOSED', `${path} holds ${packed.kind}, packed in ${packed.within?.join(' > ')}`);
  if (!(await isText(content))) throw failure('SECRET_EXPOSED', `${path} holds ${findings[0]?.kind}, and is no text that could be masked`);
}

async function isText(content: Readable): Promise<boolean> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for await (const chunk of content as AsyncIterable<Buffer>) {
      if (chunk.includes(0)) return false;
      decoder.decode(chunk, { stream: true });
    }
    decoder.decode();
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false; // No UTF-8.
    throw error;
  }
}
