import type { BuildInput } from '../../../domain/index.ts';
import { readOptions, subcommandOf, valuesOf } from '../options.ts';
import { input, resists, type Reading } from '../reading.ts';
import type { ShellCommand } from '../shell.ts';

/** Owners whose models ask for a licence and a token. A model of somebody else may be gated too; only the hub tells. */
const gatedModels =
  /^(meta-llama\/|google\/gemma|CohereForAI\/c4ai|bigcode\/starcoder|stabilityai\/stable-diffusion-3|black-forest-labs\/FLUX\.1-dev|tiiuae\/falcon-180B)/i;

const hubOptions = new Set([
  '--revision',
  '--repo-type',
  '--cache-dir',
  '--local-dir',
  '--local-dir-use-symlinks',
  '--include',
  '--exclude',
  '--token',
  '--max-workers',
]);

/** `huggingface-cli download` and `hf download`: exact at a commit, else by date through the hub's history. */
export function readHub(command: ShellCommand, reading: Reading): BuildInput[] | undefined {
  if (!['huggingface-cli', 'hf'].includes(command.name)) return undefined;
  const [subcommand, rest] = subcommandOf(command.words);
  const options = readOptions(rest, hubOptions);
  if (subcommand === 'login') return [];
  const model = options.operands[0];
  if (subcommand !== 'download' || !model) return [];
  if (model.unresolved.length > 0)
    return [input('hub', model.value, command.line, 'by-recording', `the value of ${model.unresolved.join(', ')} shows only while building`)];
  return [hubInput(model.value, valuesOf(options, '--revision')[0]?.value, command.line, hasToken(command, reading))];
}

export function hubInput(model: string, revision: string | undefined, line: number, token = false): BuildInput {
  const spec = revision === undefined ? model : `${model}@${revision}`;
  if (isGated(model) && !token) return resists('hub', spec, line, 'gated', 'the hub gives it only to those who accepted its licence');
  if (revision !== undefined && /^[0-9a-f]{40}$/.test(revision)) return input('hub', spec, line, 'exact');
  return input('hub', spec, line, 'by-date', revision === undefined ? 'no revision; the newest is taken' : `${revision} may move`);
}

export function isGated(model: string): boolean {
  return gatedModels.test(model);
}

/** `https://huggingface.co/owner/model` -> `owner/model`; undefined for other addresses. */
export function hubOfAddress(url: string): string | undefined {
  const match = /^https?:\/\/(?:[^@/]*@)?(?:www\.)?(?:huggingface\.co|hf\.co)\/((?:datasets\/|spaces\/)?[\w.-]+\/[\w.-]+?)(?:\.git)?\/?$/.exec(url);
  return match?.[1];
}

/** A file of the hub by its address: `…/resolve/<revision>/<file>`. */
export function hubFileOf(url: string): { model: string; revision: string } | undefined {
  const match = /^https?:\/\/(?:www\.)?(?:huggingface\.co|hf\.co)\/((?:datasets\/)?[\w.-]+\/[\w.-]+)\/(?:resolve|raw)\/([^/]+)\//.exec(url);
  return match ? { model: match[1] as string, revision: match[2] as string } : undefined;
}

export interface HubCall {
  model: string;
  revision?: string;
  call: string;
  /** Line in the text, from 1. */
  line: number;
}

/** Models and data sets that Python code names in its calls of the hub's libraries. */
export function hubCalls(code: string): HubCall[] {
  const pattern =
    /\b(from_pretrained|snapshot_download|hf_hub_download|load_dataset)\(\s*(?:(?:repo_id|pretrained_model_name_or_path|path)\s*=\s*)?["']([\w.-]+\/[\w.-]+)["']/g;
  return [...code.matchAll(pattern)].map((match) => {
    const call = code.slice(match.index, match.index + 600);
    const revision = /\brevision\s*=\s*["']([^"']+)["']/.exec(call.slice(0, closing(call)))?.[1];
    const line = code.slice(0, match.index).split('\n').length;
    return { call: match[1] as string, model: match[2] as string, line, ...(revision === undefined ? {} : { revision }) };
  });
}

function hasToken(command: ShellCommand, reading: Reading): boolean {
  const names = ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN', 'HUGGINGFACE_TOKEN'];
  return (
    command.words.some((word) => word.value === '--token') || names.some((name) => (command.assignments[name] ?? reading.lookup(name)) !== undefined)
  );
}

function closing(call: string): number {
  let depth = 0;
  for (let index = 0; index < call.length; index += 1) {
    if (call[index] === '(') depth += 1;
    if (call[index] === ')' && (depth -= 1) === 0) return index;
  }
  return call.length;
}
