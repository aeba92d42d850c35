import {
  attestationKey,
  canonicalBytes,
  DsseEnvelope,
  manifestKey,
  mediaTypes,
  statementOf,
  type Statement,
} from '../../domain/index.ts';
import type { Activities, AttestInput, AttestResult, StageRun } from '../../workflows/contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { failure } from '../failure.ts';
import type { ObjectStore } from '../io/store.ts';
import { runStage } from '../stage.ts';
import { hashOf, parseJson } from './bytes.ts';
import { signStatement } from './envelope.ts';
import { gatesOf } from './gates.ts';
import { readSigningKey, type SigningKey } from './keys.ts';
import { storeManifest, type StoredManifest } from './manifest.ts';
import { takenInOf } from './taken-in.ts';
import { openTransparencyLog, type TransparencyLog } from './transparency-log.ts';
import { readVersion } from './version.ts';

/** The stage that lists, signs and logs what a run stored. Not cached: it is about one run. */
export function createAttestActivities(dependencies: Dependencies): Pick<Activities, 'attest'> {
  const log = openTransparencyLog(dependencies.store);
  return {
    attest: (input) =>
      runStage(dependencies, input, 'attest', undefined, async ({ report }) => {
        report({ message: 'listing what was stored' });
        return { result: await attestRun(dependencies, log, input) };
      }),
  };
}

/**
 * Writes manifest, signed statement and log link of a run; each is created once, and a repeated call finds its own.
 * Failures: SIGNING_KEY_MISSING, STORE_CORRUPT, PLATFORM_ERROR where something else stands under the run's keys.
 */
export async function attestRun(
  { store, settings, exportHistory }: Pick<Dependencies, 'store' | 'exportHistory'> & { settings: Pick<Dependencies['settings'], 'signingKeyFile'> },
  log: TransparencyLog,
  input: StageRun & AttestInput,
): Promise<AttestResult> {
  const key = await readSigningKey(settings.signingKeyFile);
  const stored = await storeManifest(store, input, exportHistory);
  const statement = await describe(store, input, stored);
  const attestation = await storeAttestation(store, input.run, statement, key);
  const logSequence = await log.append({ run: input.run, manifestSha256: stored.sha256, attestationSha256: hashOf(attestation) });
  const { publishable, gates = [] } = statement.predicate.reprise_verdict;
  const accepted = gates.reduce((sum, gate) => sum + gate.accepted.length, 0);
  const verdict = `${publishable ? '' : ', not publishable'}${accepted === 0 ? '' : `, ${accepted} findings accepted`}`;
  return {
    artifacts: [stored.history],
    summary: `${stored.manifest.artifacts.length} objects signed, link ${logSequence} of the log${verdict}`,
    manifestKey: manifestKey(input.run),
    manifestSha256: stored.sha256,
    attestationKey: attestationKey(input.run),
    logSequence,
    publishable,
  };
}

async function describe(store: ObjectStore, input: StageRun & AttestInput, { manifest, sha256 }: StoredManifest): Promise<Statement> {
  const model = manifest.artifacts.find(({ role, mediaType }) => role === 'model' && mediaType === mediaTypes.tree)?.sha256;
  return statementOf({
    ...input,
    manifestSha256: sha256,
    gates: await gatesOf(store, input, { images: input.images.length > 0, model: model !== undefined }),
    builderVersion: readVersion(),
    takenIn: await takenInOf(store, manifest),
    ...(model === undefined ? {} : { model }),
  });
}

/** The stored envelope's bytes. One that is there counts when it says the same, also under an earlier key. */
async function storeAttestation(store: ObjectStore, run: string, statement: Statement, key: SigningKey): Promise<Uint8Array> {
  const envelope = signStatement(statement, key);
  const bytes = canonicalBytes(envelope);
  const name = attestationKey(run);
  if ((await store.putIfAbsent(name, bytes, mediaTypes.dsse)) === 'created') return bytes;
  const earlier = await store.get(name);
  const parsed = DsseEnvelope.safeParse(parseJson(earlier));
  if (earlier && parsed.success && parsed.data.payload === envelope.payload) return earlier;
  throw failure('PLATFORM_ERROR', `${name} is there already and states something else`);
}
