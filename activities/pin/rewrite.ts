import type { PinnedBase, PinnedCommit } from '../../domain/index.ts';
import type { Dockerfile, Stage } from './dockerfile.ts';
import { dateLines, type DatedBuild } from './by-date/dockerfile-lines.ts';
import { caBundle } from './ca-bundle.ts';
import type { Analysis } from './inputs.ts';
import { leftBehind, type LeftBehind } from './left-behind.ts';
import { splitWords } from './words.ts';

/** By these programs look for a CA bundle: pip, OpenSSL, requests, curl, git, Node, Cargo. */
const caVariables = ['PIP_CERT', 'SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'GIT_SSL_CAINFO', 'NODE_EXTRA_CA_CERTS', 'CARGO_HTTP_CAINFO'];

/** By these, for settings that name one: GNU wget and apt. */
const settingsVariables = { WGETRC: 'wgetrc', APT_CONFIG: 'apt.conf' };

export interface Rewritten {
  text: string;
  leftBehind: LeftBehind[];
}

/**
 * The Dockerfile that the build uses: the original with the least change. Base images become their digests, and where the
 * operator gives a CA bundle each stage trusts it while it is built: by build arguments, which the image does not keep; the
 * file itself stays and is listed. Where packages depend on the date, stages that run something are told the index of it, but for the
 * programs whose own index they replace. A
 * comment says why at each change.
 */
export function rewrite(dockerfile: Dockerfile, bases: readonly PinnedBase[], withCaBundle: boolean, dated?: DatedBuild, commits: readonly PinnedCommit[] = [], replaced: Analysis['replaced'] = []): Rewritten {
  const carriageReturn = dockerfile.text.includes('\r\n') ? '\r' : '';
  const lines = [...dockerfile.lines];
  const before = new Map<number, string[]>();
  const after = new Map<number, string[]>();
  for (const base of bases) {
    if (base.pinned === base.reference || !replaceReference(dockerfile, base, lines)) continue;
    before.set(base.line, [...(before.get(base.line) ?? []), `# reprise: ${base.reference} as of the date (${base.source}, ${base.fidelity})`]);
  }
  for (const { line, spec, commit, reason } of commits) {
    const at = dockerfile.stages.flatMap(({ instructions }) => instructions).find((each) => each.line <= line && line <= each.endLine)?.line ?? line;
    before.set(at, [...(before.get(at) ?? []), `# reprise: ${spec} at commit ${commit.slice(0, 12)} (${reason})`]);
  }
  const trusting = withCaBundle ? dockerfile.stages.filter((stage) => !isFromScratch(dockerfile, stage)) : [];
  for (const stage of trusting) after.set(stage.from.endLine, caLines(stage));
  const running = dated ? dockerfile.stages.filter((stage) => stage.instructions.some(({ keyword }) => keyword === 'RUN' || keyword === 'ONBUILD')) : [];
  for (const stage of running) after.set(stage.from.endLine, [...(after.get(stage.from.endLine) ?? []), ...(dated ? dateLines(dated, replaced[stage.index]) : [])]);
  const own = (texts: string[] | undefined): string[] => (texts ?? []).map((text) => text + carriageReturn);
  const text = lines.flatMap((line, index) => [...own(before.get(index + 1)), line, ...own(after.get(index + 1))]).join('\n');
  return { text, leftBehind: leftBehind(dockerfile, trusting) };
}

/** Puts the pinned reference where the instruction names the image; false where it is not found as a word of its own. */
function replaceReference(dockerfile: Dockerfile, base: PinnedBase, lines: string[]): boolean {
  const instruction = dockerfile.stages.flatMap((stage) => [stage.from, ...stage.instructions]).find((each) => each.line === base.line);
  if (!instruction) return false;
  const written = instruction.keyword === 'FROM' ? splitWords(instruction.text, dockerfile.escape)[0] : base.reference;
  if (written === undefined) return false;
  const word = new RegExp(`(^|[\\s=])${written.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?=[\\s,]|$)`);
  for (let index = instruction.line - 1; index < instruction.endLine; index += 1) {
    const line = lines[index] ?? '';
    if (!word.test(line)) continue;
    lines[index] = line.replace(word, (_all, lead: string) => `${lead}${base.pinned}`);
    return true;
  }
  return false;
}

/** Right after FROM, so that every later instruction can trust it; an earlier stage has brought the file already. */
function caLines(stage: Stage): string[] {
  const comment = "# reprise: trust the operator's CA bundle while building; arguments do not stay in the image";
  const copy = stage.parent === undefined ? [`COPY ${caBundle.contextPath} ${caBundle.wgetPath} ${caBundle.aptPath} ${caBundle.imageDirectory}`] : [];
  const settings = Object.entries(settingsVariables).map(([name, file]) => `ARG ${name}=${caBundle.imageDirectory}${file}`);
  return [comment, ...copy, ...caVariables.map((name) => `ARG ${name}=${caBundle.imagePath}`), ...settings];
}

function isFromScratch(dockerfile: Dockerfile, stage: Stage): boolean {
  const parent = stage.parent === undefined ? undefined : dockerfile.stages[stage.parent];
  return parent ? isFromScratch(dockerfile, parent) : stage.base === 'scratch';
}
