import type { AcceptedItem, GatedItem, Publication } from '../domain/index.ts';
import { columns, paint } from './terminal.ts';

/** What of a fingerprint is shown, and enough to accept it. */
export const shownFingerprint = 16;

export function renderPublication({ published, replaced, blocked, accepted, leftOut, tree, history }: Publication, directory: string): string {
  const rows = replaced.map(({ path, line, commits = [], rule, marker }) => ['replaced', `${path}${line === undefined ? '' : `:${line}`}${commits[0] === undefined ? '' : ` (${commits[0].slice(0, 12)})`}`, rule, marker]);
  const what = [...(tree ? [`${tree.files} files`] : []), ...(history ? [`${history.objects} git objects, ${history.rewritten} rewritten`] : [])].join(', ');
  const verdict = published ? `Published to ${directory}: ${what}; ${replaced.length} secrets replaced` : paint('red', 'NOT published: nothing was written', process.stdout);
  return [
    ...columns(rows),
    ...leftOut.map((each) => `left out: ${each}`),
    ...accepted.map(acceptedLine),
    ...blocked.map(({ path, rule, reason, fingerprint }) => blockedLine({ place: [path, reason].filter((part) => part !== '').join(': '), rule, ...(fingerprint !== undefined && { fingerprint }) })),
    verdict,
  ].join('\n');
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
