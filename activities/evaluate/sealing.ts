import { mediaTypes, type SuiteStage } from '../../domain/index.ts';
import type { Settings } from '../dependencies.ts';
import { failure } from '../failure.ts';
import { decryptPortions, decryptQuestions, encryptPortions, encryptQuestions, type Portions, readSuiteKey } from '../intake/suite-crypto.ts';

/** How what is asked and answered in one stage is kept: as it is, or encrypted. */
export interface Sealing {
  /** Whether the content may be shown to nobody without the key. */
  secret: boolean;
  mediaType: string;
  seal(bytes: Uint8Array): Uint8Array;
  /** `seal` for what is too large for memory. */
  sealPortions(plain: Portions): AsyncIterable<Uint8Array>;
  open(bytes: Uint8Array): Uint8Array;
  /** `open` for what is too large for memory; nothing may be done with it before the last portion has come. */
  openPortions(sealed: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}

/**
 * The open stage is kept as it is. The closed one is sealed with the suite's key, answers and logs included, since a server can
 * repeat what it was asked. Failures: SUITE_KEY_MISSING; `open` throws STORE_CORRUPT where bytes were not sealed with this key.
 */
export async function openSealing(settings: Pick<Settings, 'suiteKeyFile'>, stage: SuiteStage): Promise<Sealing> {
  if (stage === 'open') return unsealed;
  const key = await readSuiteKey(settings);
  const wrong = (): Error => failure('STORE_CORRUPT', 'an object of the closed stage was changed, or sealed with another key');
  return {
    secret: true,
    mediaType: mediaTypes.encrypted,
    seal: (bytes) => encryptQuestions(key, bytes),
    sealPortions: (plain) => encryptPortions(key, plain),
    open(bytes) {
      const plain = decryptQuestions(key, bytes);
      if (!plain) throw wrong();
      return plain;
    },
    openPortions: (sealed) => decryptPortions(key, sealed, wrong),
  };
}

export const unsealed: Sealing = {
  secret: false,
  mediaType: mediaTypes.jsonLines,
  seal: (bytes) => bytes,
  sealPortions: (plain) => plain(),
  open: (bytes) => bytes,
  openPortions: (sealed) => sealed,
};
