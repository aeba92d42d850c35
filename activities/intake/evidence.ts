import { posix } from 'node:path';
import { type Dockerfile, type Instruction, wordsOf } from '../pin/dockerfile.ts';
import { stepsOf } from '../pin/scope.ts';

/** What a Dockerfile seems to be for; `why` is the evidence in words. */
export interface RoleEvidence {
  role: 'serve' | 'train' | 'other';
  why: string;
  /** Whether its command starts a server, whatever its place says. */
  commandServes: boolean;
}

const trainWords = new Set(['train', 'training', 'trainer', 'finetune', 'finetuning', 'tune', 'tuning', 'sft']);
const serveWords = new Set(['inference', 'infer', 'serve', 'serving', 'server', 'eval', 'evaluation', 'submission', 'submit', 'predict', 'api']);
/** Words that tell copies and machines apart, not roles. */
const neutralWord = /^(\d+|v\d+|[a-z]|old|new|final|gpu|cuda\d*|cpu|rtx\d*|a100|4090|contest|neurips)$/;

const serveCommand = /\b(uvicorn|gunicorn|hypercorn|waitress|flask|fastapi|torchserve|tritonserver|vllm|serve|server|main:app|app:app|api)\b|\bserve[\w-]*\.(py|sh)\b/i;
const trainCommand = /train|fine-?_?tun|instruction_tun|\btune|axolotl|accelerate\s+launch|torchrun|deepspeed|\bsft\b/i;

/**
 * Dockerfile, Dockerfile2, Dockerfile.train, Dockerfile_old, train.Dockerfile, in any case; not what macOS or editors leave
 * beside them (`__MACOSX/._Dockerfile`, Dockerfile.dockerignore, Dockerfile~).
 */
export function isDockerfilePath(path: string): boolean {
  if (path.split('/').some((part) => part === '__MACOSX' || part === '.git' || part === 'node_modules')) return false;
  const name = posix.basename(path);
  return /^(dockerfile([._ -]?[\w. -]*\w)?|[\w-][\w.-]*\.dockerfile)$/i.test(name) && !/\.(dockerignore|md|txt|bak|orig|swp|sh|py|ya?ml)$/i.test(name);
}

/**
 * Judges by, in this order: the file's name, its directory's name where that says training, its command, the directories, its
 * ports. A name that says something else ("Dockerfile.data") is neither, unless the command is plain.
 */
export function roleOf(path: string, dockerfile: Dockerfile): RoleEvidence {
  const command = commandOf(dockerfile);
  const commandServes = serveCommand.test(command);
  const suffix = words(posix.basename(path).replace(/dockerfile/i, ' ')).filter((word) => !neutralWord.test(word));
  const [own = '', ...above] = posix.dirname(path).split('/').filter((part) => part !== '.').toReversed();
  const byCommand = judge(roleOfCommand(command), `its command \`${shortened(command)}\``);
  const judged =
    judge(roleOfWords(suffix), 'the file name') ??
    (suffix.length > 0 ? (byCommand ?? { role: 'other' as const, why: `the file name, ${suffix.join(' ')}` }) : undefined) ??
    judge(roleOfWords(words(own)) === 'train' ? 'train' : undefined, `the directory ${own}`) ??
    byCommand ??
    judge(roleOfWords(words(own)), `the directory ${own}`) ??
    above.map((part) => judge(roleOfWords(words(part)), `the directory ${part}`)).find((each) => each !== undefined) ??
    judge(exposedPorts(dockerfile).length > 0 ? 'serve' : undefined, 'the port that it exposes');
  if (judged) return { ...judged, commandServes };
  return { role: 'serve', why: 'a Dockerfile that nothing says to be for training', commandServes };
}

/** TCP ports of EXPOSE in the last stage, in order, each once. */
export function exposedPorts(dockerfile: Dockerfile): number[] {
  const last = dockerfile.stages.length - 1;
  const ports = stepsOf(dockerfile)
    .filter(({ stage, instruction }) => stage.index === last && instruction.keyword === 'EXPOSE')
    .flatMap(({ instruction, scope }) => wordsOf(instruction, dockerfile.escape, scope.lookup))
    .flatMap(({ value }) => (/^\d{1,5}(\/tcp)?$/i.test(value) ? [Number.parseInt(value, 10)] : []));
  return [...new Set(ports)].filter((port) => port >= 1 && port <= 65_535);
}

/** Sources of COPY and ADD that lie in the build context, with variables filled in; those that are not known are left out. */
export function copySources(dockerfile: Dockerfile): string[] {
  return stepsOf(dockerfile)
    .filter(({ instruction: { keyword, flags } }) => (keyword === 'COPY' || keyword === 'ADD') && flags['from'] === undefined)
    .flatMap(({ instruction, scope }) => wordsOf(instruction, dockerfile.escape, scope.lookup).slice(0, -1))
    .filter(({ value, unresolved }) => unresolved.length === 0 && !value.startsWith('<<') && !/^([a-z][a-z0-9+.-]*:\/\/|git@)/i.test(value))
    .map(({ value }) => value);
}

function commandOf(dockerfile: Dockerfile): string {
  const last = dockerfile.stages.at(-1)?.instructions ?? [];
  const text = (keyword: string): string => {
    const found = last.findLast((each) => each.keyword === keyword);
    return found ? plainCommand(found) : '';
  };
  return `${text('ENTRYPOINT')} ${text('CMD')}`.trim();
}

function plainCommand({ json, text }: Instruction): string {
  return (json ?? [text]).join(' ').replaceAll(/\s+/g, ' ').trim();
}

/** One that trains and then serves is a server: it must answer in the end. */
function roleOfCommand(command: string): 'serve' | 'train' | undefined {
  if (serveCommand.test(command)) return 'serve';
  return trainCommand.test(command) ? 'train' : undefined;
}

/** Undefined where words of both roles or of none are there ("submission_1_fine_tune" is a submission of something tuned). */
function roleOfWords(given: string[]): 'serve' | 'train' | undefined {
  const trains = given.some((word) => trainWords.has(word));
  const serves = given.some((word) => serveWords.has(word));
  if (trains === serves) return undefined;
  return trains ? 'train' : 'serve';
}

function words(name: string): string[] {
  return name
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}

function judge(role: 'serve' | 'train' | undefined, why: string): { role: 'serve' | 'train'; why: string } | undefined {
  return role && { role, why };
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
