import { mediaTypes, type SuiteStage } from '../../domain/index.ts';
import type { Settings } from '../dependencies.ts';
import { failure } from '../failure.ts';
import { decryptQuestions, encryptQuestions, readSuiteKey } from '../intake/suite-crypto.ts';

/** How what is asked and answered in one stage is kept: as it is, or encrypted. */
export interface Sealing {
  /** Whether the content may be shown to nobody without the key. */
  secret: boolean;
  mediaType: string;
  seal(bytes: Uint8Array): Uint8Array;
  open(bytes: Uint8Array): Uint8Array;
}

/**
 * The open stage is kept as it is. The closed one is sealed with the suite's key, answers and logs included, since a server can
 * repeat what it was asked. Failures: SUITE_KEY_MISSING; `open` throws STORE_CORRUPT where bytes were not sealed with this key.
 */
export async function openSealing(settings: Pick<Settings, 'suiteKeyFile'>, stage: SuiteStage): Promise<Sealing> {
  if (stage === 'open') return unsealed;
  const key = await readSuiteKey(settings);
  return {
    secret: true,
    mediaType: mediaTypes.encrypted,
    seal: (bytes) => encryptQuestions(key, bytes),
    open(bytes) {
      const plain = decryptQuestions(key, bytes);
      if (!plain) throw failure('STORE_CORRUPT', 'an object of the closed stage was changed, or sealed with another key');
      return plain;
    },
  };
}

export const unsealed: Sealing = { secret: false, mediaType: mediaTypes.jsonLines, seal: (bytes) => bytes, open: (bytes) => bytes };
