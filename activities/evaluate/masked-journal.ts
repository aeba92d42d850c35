import { type Answer, limits, type ScanReport, type SecretFinding, type SuiteStage } from '../../domain/index.ts';
import type { Settings } from '../dependencies.ts';
import { matchesOf } from '../scan/bytes.ts';
import { readFingerprintKey } from '../scan/fingerprint-key.ts';
import { maskMatches } from '../scan/redact.ts';
import { createSession, findingOf } from '../scan/session.ts';
import { createValueSearch } from '../scan/values.ts';
import type { AnswerJournal } from './journal.ts';

/**
 * The same journal, in which no answer holds a secret: what the operator gave, or a rule is sure of, is replaced by its marker
 * before the answer is stored, and what was found stands with the answer. The score is computed from what is stored, so that
 * `audit --rescore` comes to the same. Failures: those of the journal, PLATFORM_ERROR where the key of fingerprints is missing.
 */
export function maskedJournal(journal: AnswerJournal, settings: Pick<Settings, 'exposedSecrets' | 'fingerprintKeyFile'>, stage: SuiteStage): AnswerJournal {
  const values = createValueSearch(settings.exposedSecrets ?? []);
  const masked = async (answer: Answer): Promise<Answer> => {
    if (answer.status !== 'answered') return answer;
    const bytes = Buffer.from(answer.text, 'utf8');
    const matches = (await matchesOf({ values }, { bytes, from: 0, to: bytes.length }, false)).filter(({ severity }) => severity === 'block');
    if (matches.length === 0) return answer;
    const session = createSession({ fingerprintKey: await readFingerprintKey(settings) });
    const secrets = matches.map((match) => findingOf(session, match, { ...placeOf(stage, answer.id), offset: match.start, line: undefined }));
    return { ...answer, text: maskMatches(bytes, matches).toString('utf8'), secrets };
  };
  return { ...journal, append: async (answer) => journal.append(await masked(answer)) };
}

/**
 * What was found in the answers of a stage, as the report of a scan. Of the closed stage it says whether anything was, as one
 * finding without its place: by how many there are, and where, a server could spell the questions.
 */
export function reportOfAnswers(stage: SuiteStage, answers: Iterable<Answer>): ScanReport {
  const scanned = { files: 0, bytes: 0, objects: 0, layers: 0 };
  const findings: SecretFinding[] = [];
  let unlisted = 0;
  for (const answer of answers) {
    if (answer.status !== 'answered') continue;
    scanned.files += 1;
    scanned.bytes += Buffer.byteLength(answer.text);
    for (const found of answer.secrets ?? []) if (findings.length < limits.scanFindings) findings.push(found); else unlisted += 1;
  }
  if (stage === 'closed') {
    const [first] = findings.toSorted((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
    const told = first ? [{ ...first, rule: 'secret-in-answers', kind: 'a secret in answers of the closed stage', offset: 0, length: 1, redacted: '…' }] : [];
    return { schema: 'reprise.scan/v1', complete: true, scanned: { files: scanned.files, bytes: 0, objects: 0, layers: 0 }, findings: told };
  }
  const incompleteBecause = unlisted === 0 ? {} : { incompleteBecause: [`${unlisted} more findings are not listed`] };
  return { schema: 'reprise.scan/v1', complete: unlisted === 0, ...incompleteBecause, scanned, findings };
}

/** Ids of closed questions are shown to nobody. */
function placeOf(stage: SuiteStage, id: string): { path: string; within: string[] } {
  return { path: `answers/${stage}.jsonl`, within: stage === 'closed' ? [] : [id] };
}
