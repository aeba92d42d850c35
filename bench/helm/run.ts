import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { startHelmAnswerServer } from './answer-server.ts';
import { bbqQuestions, biasQuestions, choiceQuestions, type QuestionSet, wordQuestions } from './questions.ts';

const version = '0.5.16';
const plugin = fileURLToPath(new URL('../../test/fixtures/helm/plugin.py', import.meta.url));

/**
 * Runs helm-run on its offline scenarios and on ours against a deterministic local server; gives the directories of the runs.
 * `sizes` is the number of questions of each of our files. Bias runs need NLTK's punkt_tab (NLTK_DATA).
 */
export async function runHelm(directory: string, size: number, withBias: boolean): Promise<string[]> {
  await mkdir(directory, { recursive: true });
  const sets: Record<string, QuestionSet> = {
    words: wordQuestions(size),
    choices: choiceQuestions(size),
    bbq: bbqQuestions(size),
    ...(withBias ? { bias: biasQuestions(size) } : {}),
  };
  const runs: string[] = [];
  for (const [name, set] of Object.entries(sets)) {
    const path = join(directory, `${name}.jsonl`);
    await writeFile(path, set.questions.map((question) => `${JSON.stringify(question)}\n`).join(''));
    runs.push(...(await runEntries(directory, name, entriesOf(name, path), set.answers)));
  }
  return [...runs, ...(await runEntries(directory, 'offline', offlineEntries(await hasSentenceModel()), new Map()))];
}

/** Whether NLTK's punkt_tab is there, without which HELM's BLEU and bias end their run. */
export async function hasSentenceModel(): Promise<boolean> {
  await ensureHelm();
  const { exitCode } = await execa(join(environment, 'bin', 'python'), ['-c', "import nltk; nltk.data.find('tokenizers/punkt_tab/english/')"], { reject: false });
  return exitCode === 0;
}

/** Where HELM is, or would be installed; REPRISE_HELM_VENV names another virtual environment. */
const environment = process.env['REPRISE_HELM_VENV'] ?? join(homedir(), '.cache', 'reprise', `helm-${version}`);

/** The path of helm-run, or undefined where HELM is not installed; `installation` is how to have it. */
export function installedHelm(): string | undefined {
  const helmRun = join(environment, 'bin', 'helm-run');
  return existsSync(helmRun) ? helmRun : undefined;
}

export const installation = `python3 -m venv ${environment} && ${join(environment, 'bin', 'pip')} install crfm-helm==${version}`;

/** helm-run's path, installed from PyPI on first use (2 to 3 minutes). */
async function ensureHelm(): Promise<string> {
  const installed = installedHelm();
  if (installed !== undefined) return installed;
  const python = join(environment, 'bin', 'python');
  process.stderr.write(`Installing crfm-helm ${version} into ${environment}\n`);
  await execa('python3', ['-m', 'venv', environment]);
  await execa(python, ['-m', 'pip', 'install', '--quiet', `crfm-helm==${version}`], { stderr: 'inherit' });
  return join(environment, 'bin', 'helm-run');
}

export interface HelmRunOptions {
  suite: string;
  entries: string[];
  url: string;
  threads?: number | undefined;
  /** Most questions of a scenario. */
  instances: number;
}

/** One call of helm-run without its cache, its log kept beside its runs. Resolves to the directories of its runs; throws where one of them failed. */
export async function callHelm(directory: string, { suite, entries, url, threads, instances }: HelmRunOptions): Promise<string[]> {
  const options = ['--suite', suite, '--output-path', directory, '--local-path', join(directory, 'prod_env'), '--plugins', plugin];
  const limits = ['--max-eval-instances', String(instances), '--disable-cache', ...(threads === undefined ? [] : ['--num-threads', String(threads)])];
  const result = await execa(await ensureHelm(), [...options, ...limits, '--run-entries', ...entries], {
    env: { HELM_HTTP_MODEL_BASE_URL: url },
    cwd: directory,
    reject: false,
    all: true,
  });
  await writeFile(join(directory, `${suite}.log`), result.all);
  if (result.exitCode !== 0) throw new Error(`helm-run ended with ${result.exitCode} for ${suite}; see ${join(directory, `${suite}.log`)}`);
  const suiteDirectory = join(directory, 'runs', suite);
  const names = existsSync(suiteDirectory) ? await readdir(suiteDirectory) : [];
  return names.map((name) => join(suiteDirectory, name)).filter((run) => existsSync(join(run, 'stats.json')));
}

function entriesOf(name: string, path: string): string[] {
  const entry = `reprise_${name}:path=${path},model=neurips/local`;
  if (name === 'choices') return [`${entry},data_augmentation=robustness`, `${entry},data_augmentation=gender_pronouns_hard`, `${entry},data_augmentation=misspelling_mild`];
  return name === 'words' ? [entry, `${entry},num_train_trials=2`] : [entry];
}

/** simple_short_answer_qa is scored by BLEU as well. */
function offlineEntries(withSentences: boolean): string[] {
  const entries = ['simple_mcqa:', 'simple_classification:', ...(withSentences ? ['simple_short_answer_qa:'] : []), 'synthetic_reasoning:mode=variable_substitution,'];
  entries.push('synthetic_reasoning_natural:difficulty=easy,', 'dyck_language:num_parenthesis_pairs=2,');
  return entries.map((entry) => `${entry}model=neurips/local`);
}

async function runEntries(directory: string, suite: string, entries: string[], answers: ReadonlyMap<number, string>): Promise<string[]> {
  const server = await startHelmAnswerServer(answers);
  try {
    return await callHelm(directory, { suite, entries, url: server.url, threads: 4, instances: 60 });
  } finally {
    await server.close();
  }
}
