import type { Settings } from '../dependencies.ts';
import { outcomeOf } from '../failure.ts';
import type { MaskFile } from '../io/blobs.ts';
import { createMasker } from '../scan/redact.ts';
import { openFileMask } from '../secrets/file-mask.ts';
import type { EndedSpool, Spool } from './spool.ts';

/** Takes what the operator gave out of what is stored. */
export interface RecordMasks {
  text(text: string): string;
  /** Undefined where the run has no secrets. */
  body: MaskFile | undefined;
}

export async function recordMasks(settings: Pick<Settings, 'exposedSecrets' | 'fingerprintKeyFile' | 'scratchDirectory'>): Promise<RecordMasks> {
  return { text: createMasker({ values: settings.exposedSecrets ?? [], rules: false }), body: (await openFileMask(settings))?.mask };
}

interface EndedBody extends EndedSpool {
  masked?: { masked: true };
  /** Why nothing of it is kept. */
  failed?: string;
}

/** The body as it is stored: without what the operator gave, and not at all where that is packed in it or it is no text. */
export async function endOf(spool: Spool, body: MaskFile | undefined, url: string): Promise<EndedBody> {
  if (!body) return spool.end();
  try {
    const ended = await spool.endMasked((open) => body(url, open));
    return { ...ended, ...(ended.isMasked ? { masked: { masked: true } } : {}) };
  } catch (error) {
    if (outcomeOf(error)?.code !== 'SECRET_EXPOSED') throw error;
    await spool.drop();
    return { sha256: '', sizeBytes: 0, keep: async () => undefined, masked: { masked: true }, failed: 'the answer held a secret and is not kept' };
  }
}
