import { posix } from 'node:path';
import type { CheckFinding } from '../../../domain/index.ts';
import { hubCalls, isGated } from '../../pin/commands/hub.ts';
import { contextPathOf } from '../../pin/image-files.ts';
import { pythonProblem } from '../python-syntax.ts';
import type { Started } from '../started.ts';
import { fetchesUnknown, finding, type Checked } from './finding.ts';

/** What is wrong in the programs that the image starts. */
export async function programFindings(checked: Checked): Promise<CheckFinding[]> {
  const { started } = checked;
  if (!started) return [];
  return [...(await syntax(checked, started)), ...gated(checked, started), ...weights(checked, started)];
}

async function syntax(checked: Checked, started: Started): Promise<CheckFinding[]> {
  const python2 = checked.dockerfile.stages.some((stage) => /python:2|python2/.test(stage.base));
  if (python2) return [];
  const findings: CheckFinding[] = [];
  for (const [path, file] of started.python) {
    const problem = await pythonProblem(file.text);
    if (!problem) continue;
    // What is only imported may be guarded; a Python 2 file may meet a Python 2.
    const severity = file.entry && !problem.python2 ? 'error' : 'warning';
    findings.push(
      finding(
        'PYTHON_SYNTAX',
        severity,
        started.line,
        `${path}, line ${problem.line}: ${problem.message}${file.entry ? '' : '; the file is imported'}`,
      ),
    );
  }
  return findings;
}

/** Which models ask for a licence only the hub knows; the best-known owners are known here. */
function gated(checked: Checked, started: Started): CheckFinding[] {
  const texts = [...started.python.values()].map((file) => file.text);
  const named = [...texts.flatMap((text) => hubCalls(text).map((call) => call.model)), ...modelNames(checked, started)];
  const models = [...new Set(named.filter(isGated))];
  if (models.length === 0 || hasToken(checked, texts)) return [];
  return models.map((model) =>
    finding('GATED_MODEL', 'warning', started.line, `${model} is given only to those who accepted its licence, and no token is in sight`),
  );
}

function modelNames(checked: Checked, started: Started): string[] {
  const words = started.commands.flatMap((command) => command.words.map((word) => word.value));
  const environment = checked.analysis.steps
    .filter((step) => step.instruction.keyword === 'ENV')
    .flatMap((step) => step.instruction.text.split(/[\s="']+/));
  return [...words.map((word) => word.replace(/^--[\w-]+=/, '')), ...environment].filter((word) => /^[\w.-]+\/[\w.-]+$/.test(word));
}

function hasToken(checked: Checked, texts: string[]): boolean {
  const variable = /\b(HF_TOKEN|HUGGING_?FACE(_HUB)?_TOKEN|HUGGINGFACE_API_TOKEN|HF_API_TOKEN|HF_HUB_TOKEN)\b/;
  const { text } = checked.dockerfile;
  const login = checked.analysis.commands.some(
    ({ command }) => /^(huggingface-cli|hf)$/.test(command.name) && command.words.some((word) => word.value === 'login'),
  );
  return login || variable.test(text) || texts.some((each) => variable.test(each) || /\blogin\s*\(|\b(token|use_auth_token)\s*=/.test(each));
}

const weightFile = /\.(bin|pt|pth|ckpt|safetensors|gguf|ggml|onnx|h5|pkl|npz)$/i;

/** Paths of weights that the code names and that nothing brings into the image. */
function weights(checked: Checked, started: Started): CheckFinding[] {
  if (checked.role !== 'serve' || fetchesUnknown(checked) || downloadsItself(started)) return [];
  const image = checked.analysis.images.at(-1);
  if (!image) return [];
  const absent = new Set<string>();
  for (const { text } of started.python.values()) {
    for (const path of weightPaths(text)) {
      const full = posix.resolve(started.scope.workdir, path);
      if (/^\/(model|data|output|checkpoints|tmp|mnt)(\/|$)/.test(full)) continue;
      if (contextPathOf(image, checked.context, full) === undefined) absent.add(path);
    }
  }
  return [...absent].map((path) =>
    finding(
      'WEIGHTS_MISSING',
      'warning',
      started.line,
      `the code loads ${path}, which nothing brings into the image; it may be made when the server starts`,
    ),
  );
}

function downloadsItself(started: Started): boolean {
  const fetching = /\b(snapshot_download|hf_hub_download|urlretrieve|urlopen|requests\.get|gdown|wget|git\s+clone|load_from_hub)\b/;
  return (
    [...started.python.values()].some((file) => fetching.test(file.text)) ||
    started.commands.some((command) => /^(wget|curl|git|gdown|huggingface-cli|hf)$/.test(command.name))
  );
}

function weightPaths(text: string): string[] {
  const calls = [
    ...text.matchAll(
      /\b(?:from_pretrained|torch\.load|load_file|load_state_dict|load_checkpoint|Path|Llama|Generator|LLM)\s*\(\s*(?:\w+\s*=\s*)?["']([^"'\n]+)["']/g,
    ),
  ].map((match) => match[1] as string);
  return calls.filter((path) => /^(\.{1,2}\/|\/)/.test(path) || (weightFile.test(path) && !path.includes('{')));
}
