import { failure } from '../failure.ts';
import { parseDockerfile, wordsOf, type Dockerfile, type Instruction } from '../pin/dockerfile.ts';
import { stepsOf } from '../pin/scope.ts';
import { expandWord, splitWords } from '../pin/words.ts';
import { createGuard, InwardAddress, isOutward } from '../record/addresses.ts';
import { modeOf } from './heredocs.ts';

/** A file that ADD names by its address. */
export interface AddedAddress {
  url: string;
  /** `sha256:…`, where the instruction says what it must be. */
  checksum: string | undefined;
  /** Where its content is put in the build context instead. */
  path: string;
  /** As the engine leaves what it fetched itself unless --chmod says otherwise: for its owner only. */
  mode: number;
  /** `Dockerfile line 3: ADD https://…`, for messages. */
  place: string;
}

/** The line of the submission's own Dockerfile that a line of the pinned one was. */
export type LineOf = (line: number) => number | undefined;

/**
 * The Dockerfile with `COPY` of a context file in the place of each `ADD` of an address: the engine would fetch it by itself, past
 * the build's network and its recording. No instruction and no line moves. Failures: BUILD_NETWORK_REFUSED with the line for what
 * cannot be taken over so: repositories, addresses beside files, names that only the base image knows.
 */
export function takeAddresses(name: string, dockerfile: Uint8Array, lineOf: LineOf = (line) => line): { dockerfile: Uint8Array; added: AddedAddress[] } {
  const parsed = parseDockerfile(dockerfile);
  const lines = [...parsed.lines];
  const added: AddedAddress[] = [];
  for (const { instruction, sources, mode } of addsOf(name, parsed, lineOf)) {
    if (!sources.some(isAddress)) continue;
    const place = placeOf(name, lineOf(instruction.line), sources.find(isAddress) ?? '');
    if (!sources.every(isAddress)) throw refused(place, 'an address beside files of the context; give each an instruction of its own');
    const taken = sources.map((url, index) => addressOf(url, `.reprise/added/${added.length + index + 1}`, mode ?? 0o600, instruction, place));
    added.push(...taken);
    const rest = lines[instruction.endLine - 1]?.endsWith('\r') ? '\r' : '';
    lines[instruction.line - 1] = copyOf(instruction, taken, parsed.escape) + rest;
    lines.fill(rest, instruction.line, instruction.endLine);
  }
  return { dockerfile: added.length === 0 ? dockerfile : Buffer.from(lines.join('\n')), added };
}

/**
 * For builds without a recording, where the engine fetches: refuses what names an address of this machine or its link. Failures: BUILD_NETWORK_REFUSED with the line.
 */
export async function refuseInwardAdds(name: string, dockerfile: Uint8Array, lineOf: LineOf = (line) => line): Promise<void> {
  const guard = createGuard();
  for (const { instruction, sources } of addsOf(name, parseDockerfile(dockerfile), lineOf)) {
    for (const url of sources.filter(isAddress)) {
      if (!(await isOutward(guard, url))) throw refused(placeOf(name, lineOf(instruction.line), url), new InwardAddress().message);
    }
  }
}

/** Every ADD with its sources, expanded; what would become an address only in the engine is refused. */
function addsOf(name: string, parsed: Dockerfile, lineOf: LineOf): { instruction: Instruction; sources: string[]; mode: number | undefined }[] {
  return stepsOf(parsed).flatMap(({ instruction, scope }) => {
    const { keyword, text } = instruction;
    const line = lineOf(instruction.line);
    if (keyword === 'ONBUILD' && /^\s*ADD\s[^]*(?:\$|git@|(?:https?|git|ftp):\/\/)/i.test(text)) throw refused(placeOf(name, line, text), 'a later stage would fetch it past the recording');
    if (keyword !== 'ADD') return [];
    const words = wordsOf(instruction, parsed.escape, scope.lookup).slice(0, -1);
    const open = words.find(({ value, unresolved }) => unresolved.length > 0 && (value.startsWith('$') || isAddress(value)));
    if (open) throw refused(placeOf(name, line, open.value), `what it names is not known before the build; give ${open.unresolved.join(', ')} a value in the Dockerfile`);
    const repository = words.find(({ value }) => /^(?:git:\/\/|git@|ssh:\/\/)|^https?:\/\/[^?#]*\.git(?:#|$)/i.test(value));
    if (repository) throw refused(placeOf(name, line, repository.value), 'a repository cannot be recorded so; use RUN git clone over HTTP');
    const mode = modeOf(instruction.flags['chmod'] && expandWord(instruction.flags['chmod'], scope.lookup, parsed.escape).value, placeOf(name, line, text.trim()));
    return [{ instruction, sources: words.map(({ value }) => value), mode }];
  });
}

export function isAddress(source: string): boolean {
  return /^(?:https?|ftp):\/\//i.test(source);
}

function addressOf(url: string, directory: string, mode: number, { flags }: Instruction, place: string): AddedAddress {
  const parsed = URL.canParse(url) && /^https?:/i.test(url) ? new URL(url) : undefined;
  if (!parsed) throw refused(place, 'only http and https can be recorded');
  const name = decodeURI(parsed.pathname.split('/').at(-1) ?? '');
  // It is a word of the Dockerfile, and a pattern of files, from here on.
  if (!/^[\w.+@=,~-]+$/.test(name) || /^\.\.?$/.test(name)) throw refused(place, 'its last part is no plain file name; use RUN curl --output');
  return { url, checksum: flags['checksum'], path: `${directory}/${name}`, mode, place };
}

function copyOf({ flags, json, text }: Instruction, taken: readonly AddedAddress[], escape: string): string {
  const kept = Object.entries(flags).filter(([name]) => !['checksum', 'keep-git-dir', 'chmod'].includes(name));
  const paths = taken.map(({ path }) => path);
  const words = json ? [JSON.stringify([...paths, json.at(-1)])] : [...paths, splitWords(text, escape).at(-1) ?? ''];
  return ['COPY', ...kept.map(([name, value]) => `--${name}${value === '' ? '' : `=${value}`}`), ...words].join(' ');
}

function placeOf(name: string, line: number | undefined, what: string): string {
  return `${name}${line === undefined ? '' : ` line ${line}`}: ADD ${what.slice(0, 160)}`;
}

function refused(place: string, reason: string): Error {
  return failure('BUILD_NETWORK_REFUSED', `${place}: ${reason}`);
}
