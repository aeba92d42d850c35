import type { Dockerfile, Instruction } from '../pin/dockerfile.ts';
import { assignmentsOf, parseDockerfile } from '../pin/dockerfile.ts';
import { failure } from '../failure.ts';
import { printfEscaped } from '../scan/encodings.ts';
import { secretsDirectory } from '../secrets/inject.ts';
import { bindPrelude, withoutBindPrelude, type BoundStep } from './bind-mounts.ts';
import { mountEnd, mountPrelude, passingMounts, withoutMountPrelude } from './passing-mounts.ts';

/**
 * The classic builder mounts no secrets, but it hands the arguments of proxies to every step and keeps them out of the image's
 * configuration, its history and the cache. The one for FTP, which nothing asks, carries the values.
 */
const carrier = 'FTP_PROXY';

/** The builder's argument that brings the values to the steps; none where there are no values. */
export function secretArguments(values: Record<string, string>): Record<string, string> {
  const pairs = Object.entries(values).map(([name, value]) => `/${name}=${printfEscaped(value)}`);
  return pairs.length === 0 ? {} : { [carrier]: `http://secrets.reprise.invalid${pairs.join('')}/` };
}

/**
 * A Dockerfile whose steps have the declared secrets: RUN lines with `--mount=type=secret,id=NAME`, as BuildKit takes them, and
 * RUN lines that name one. Each such line finds NAME in its environment and the value as a file, below /run/secrets or at the
 * mount's target. The file lies in the step's own memory (/dev/shm), which is no part of the layer. Mounts of other kinds are taken
 * as `passingMounts` says, and the steps of `bound` wait for theirs. The number of instructions stays the same. Failures: DOCKERFILE_INVALID, DOCKERFILE_UNSUPPORTED.
 */
export function withSecretSteps(bytes: Uint8Array, path: string, names: readonly string[], bound: readonly BoundStep[] = []): Uint8Array {
  const dockerfile = parseDockerfile(bytes);
  const instructions = dockerfile.stages.flatMap((stage) => stage.instructions);
  const steps = instructions.filter(({ keyword, heredocs }) => keyword === 'RUN' && heredocs.length === 0);
  const changed = steps.flatMap((step) => {
    const text = secretStep(step, rawOf(dockerfile, step), dockerfile.escape, path, names, bound);
    return text === undefined ? [] : [{ step, text }];
  });
  if (changed.length === 0) return bytes;
  refuseTakenCarrier(dockerfile, instructions, path);
  const lines = [...dockerfile.lines];
  for (const { step, text } of changed.toReversed()) lines.splice(step.line - 1, step.endLine - step.line + 1, text);
  return Buffer.from(lines.join('\n'));
}

interface Mount {
  name: string;
  target: string;
}

function secretStep(step: Instruction, raw: string, escape: string, path: string, names: readonly string[], bound: readonly BoundStep[]): string | undefined {
  const { flags, body } = takenApart(raw, escape);
  const secret = flags.filter((flag) => /^--mount=(?:\S*,)?type=secret(?:,|$)/i.test(flag));
  const mounts = secret.flatMap((flag) => mountOf(flag, `${path} line ${step.line}`, names));
  const named = names.filter((name) => new RegExp(`(?<![A-Za-z0-9_])${name}(?![A-Za-z0-9_])`).test(body) && !mounts.some((mount) => mount.name === name));
  const all = [...mounts, ...named.map((name) => ({ name, target: `${secretsDirectory}/${name}` }))];
  const passing = passingMounts(flags, `${path} line ${step.line}`);
  if (secret.length + all.length + passing.flags.length === 0) return undefined;
  const kept = ['RUN', ...flags.filter((flag) => !secret.includes(flag) && !passing.flags.includes(flag))].join(' ');
  const ends = [passing.targets.length === 0 ? '' : mountEnd, all.length === 0 ? '' : secretsEnd(all)].filter((text) => text !== '');
  const binds = bound.find(({ line }) => line === step.line);
  const preludes = [mountPrelude(passing.targets), all.length === 0 ? '' : prelude(all, ends), binds ? bindPrelude(binds, ends) : ''];
  const before = preludes.filter((text) => text !== '').join(' ');
  if (before === '') return `${kept} ${body}`;
  return step.json ? `${kept} ${JSON.stringify(['/bin/sh', '-c', `${before} "$@"`, 'sh', ...step.json])}` : `${kept} ${before} ${body}`;
}

/** As BuildKit reads a mount: without an id the target's last part names the secret; one that is not required may be missing. */
function mountOf(flag: string, place: string, names: readonly string[]): Mount[] {
  const options = new Map(flag.slice('--mount='.length).split(',').map((option) => [option.split('=', 1)[0]?.toLowerCase() ?? '', option.slice(option.indexOf('=') + 1)]));
  const target = options.get('target') ?? options.get('dst') ?? options.get('destination');
  const id = options.get('id') ?? target?.split('/').at(-1) ?? '';
  const name = names.find((each) => each === id.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_'));
  if (name !== undefined) return [{ name, target: checkedTarget(target ?? `${secretsDirectory}/${id}`, place) }];
  if (options.has('required') && options.get('required') !== 'false') throw failure('DOCKERFILE_INVALID', `${place}: the secret ${id} is not declared under \`secrets\` in reprise.yaml`);
  return [];
}

/** It goes into a line of shell. */
function checkedTarget(target: string, place: string): string {
  if (/^(\/[\w.-]+)+$/.test(target)) return target;
  throw failure('DOCKERFILE_INVALID', `${place}: the target of a secret must be an absolute path of letters, digits, dots, hyphens and underscores`);
}

/** What stands before the step's own command. Links are removed in the end; what may stay of them leads nowhere. */
function prelude(mounts: readonly Mount[], ends: readonly string[]): string {
  const take = `reprise_secret() { reprise_v="\${${carrier}#*/$1=}"; reprise_v="\${reprise_v%%/*}"; printf "$reprise_v" > "/dev/shm/$1"; export "$1=$(printf "$reprise_v")"; mkdir -p "\${2%/*}" 2>/dev/null && ln -sf "/dev/shm/$1" "$2" 2>/dev/null || echo "reprise: this user cannot make $2; the variable $1 has the value" >&2; };`;
  const trap = `trap '${ends.join('; ')}' EXIT;`;
  return `${take} ${trap} ${mounts.map(({ name, target }) => `reprise_secret ${name} ${target};`).join(' ')} unset ${carrier} reprise_v;`;
}

function secretsEnd(mounts: readonly Mount[]): string {
  return `rm -f ${mounts.map(({ target }) => target).join(' ')} 2>/dev/null || :; rmdir ${secretsDirectory} 2>/dev/null || :`;
}

/** What the engine repeats of a step, as the submission wrote it. */
export function withoutPrelude(text: string): string {
  return withoutBindPrelude(withoutMountPrelude(text)).replaceAll(/reprise_secret\(\) \{.*?unset FTP_PROXY reprise_v; ?/gs, '');
}

/** The flags of a RUN as they are written, and its command. */
function takenApart(raw: string, escape: string): { flags: string[]; body: string } {
  const blank = `(?:[ \\t]|${escape === '`' ? '`' : '\\\\'}[ \\t]*\\r?\\n)`;
  const flag = new RegExp(`${blank}*(--[a-z][a-z-]*(?:=\\S+)?)(?=\\s)`, 'iy');
  flag.lastIndex = /^\s*RUN/i.exec(raw)?.[0].length ?? 0;
  const flags: string[] = [];
  let end = flag.lastIndex;
  for (let match = flag.exec(raw); match; match = flag.exec(raw)) {
    flags.push(match[1] ?? '');
    end = flag.lastIndex;
  }
  return { flags, body: raw.slice(end).replace(/^[ \t]+/, '') };
}

function rawOf({ lines }: Dockerfile, { line, endLine }: Instruction): string {
  return lines.slice(line - 1, endLine).join('\n');
}

/** Declared, the argument would stand in the image's history; set, it would not arrive. */
function refuseTakenCarrier({ escape }: Dockerfile, instructions: readonly Instruction[], path: string): void {
  const taken = instructions.find((each) => (each.keyword === 'ARG' || each.keyword === 'ENV') && assignmentsOf(each, escape).some(([name]) => name === carrier));
  if (taken) throw failure('DOCKERFILE_INVALID', `${path} line ${taken.line}: a submission with secrets cannot set ${carrier}`);
}
