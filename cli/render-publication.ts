import type { AcceptedItem, AuditReport, GatedItem, Publication, PublicationAudit } from '../domain/index.ts';
import { columns, counted, paint } from './terminal.ts';

/** What of a fingerprint is shown, and enough to accept it. */
export const shownFingerprint = 16;

export function renderPublication(publication: Publication, directory: string): string {
  const { published, replaced, blocked } = publication;
  const verdict = published ? `Published to ${directory}: ${contents(publication)}; ${counted(replaced.length, 'secret')} replaced` : paint('red', 'NOT published: nothing was written', process.stdout);
  return [
    ...changes(publication),
    ...blocked.map(({ path, rule, reason, fingerprint }) => blockedLine({ place: [path, reason].filter((part) => part !== '').join(': '), rule, ...(fingerprint !== undefined && { fingerprint }) })),
    verdict,
  ].join('\n');
}

export function renderPublicationAudit({ verified, files, signedBy, publication, problems }: PublicationAudit, directory: string): string {
  const verdict = `Audit of the publication ${directory}: ${verified ? 'verified' : 'does NOT verify'}; ${counted(files.checked, 'file')}, ${files.bytes} bytes re-read${signerText(signedBy)}`;
  const stated = publication ? [`Copy of ${publication.source.origin}, ${publication.at.slice(0, 10)}: ${contents(publication)}; ${counted(publication.replaced.length, 'secret')} replaced`, ...changes(publication)] : [];
  return [verdict, ...stated, ...problemLines(problems)].join('\n');
}

export function signerText(signedBy: AuditReport['signedBy']): string {
  return signedBy ? `, signed by ${signedBy.keyid.slice(0, 16)}${signedBy.trusted ? '' : ' (not a key you trust)'}` : '';
}

/** What does not hold, then once what to do about each kind of it. */
export function problemLines(problems: AuditReport['problems']): string[] {
  const nextSteps = new Set(problems.map(({ nextStep }) => nextStep));
  return [...problems.map(({ code, path, message }) => `  ${code}  ${path}  ${message}`), ...[...nextSteps].map((step) => `  Next: ${step}`)];
}

function contents({ tree, history }: Publication): string {
  return [...(tree ? [counted(tree.files, 'file')] : []), ...(history ? [`${counted(history.objects, 'git object')}, ${history.rewritten} rewritten`] : [])].join(', ');
}

function changes({ replaced, leftOut, accepted }: Publication): string[] {
  const rows = replaced.map(({ path, line, commits = [], rule, marker }) => ['replaced', `${path}${line === undefined ? '' : `:${line}`}${commits[0] === undefined ? '' : ` (${commits[0].slice(0, 12)})`}`, rule, marker]);
  return [...columns(rows), ...leftOut.map((each) => `left out: ${each}`), ...accepted.map(acceptedLine)];
}

export function acceptedLine({ fingerprint, rule, place, reason, by, at }: AcceptedItem): string {
  return `accepted: ${shown(fingerprint)}${rule} in ${place}, by ${by} on ${at.slice(0, 10)}: ${reason}`;
}

export function blockedLine({ fingerprint, rule, place }: GatedItem): string {
  return `blocked: ${shown(fingerprint)}${rule}  ${place}`;
}

function shown(fingerprint: string | undefined): string {
  return fingerprint === undefined ? '' : `${fingerprint.slice(0, shownFingerprint)}  `;
}
