import { createHash } from 'node:crypto';
import {
  type Adaptation,
  buildPrompt,
  correctTexts,
  createPerturber,
  downsample,
  type Instance,
  pythonRandomOfText,
  sampleExamples,
  withIds,
  type WordLists,
} from '../../domain/adaptation/index.ts';
import { canonicalJson, GenerationSettings, type GroupMetric, type Question } from '../../domain/index.ts';
import { invalid } from '../intake/suite-lines.ts';
import { adaptationOf, type ScenarioDefinition } from './definition.ts';
import type { RawFormat } from './formats/format.ts';
import { formats } from './formats/index.ts';
import { checkedHash, type DataFile, readRows, type Row } from './rows.ts';
import { perturbationsOf } from './word-lists.ts';

export interface BuiltScenario {
  questions: Question[];
  /** What they were made of. */
  sources: { file: string; sha256: string }[];
}

/** The finished questions of one scenario. The same definition and files give the same questions. Failures: SUITE_INVALID, HELM_RUN_INVALID. */
export async function buildScenario(definition: ScenarioDefinition, files: readonly DataFile[], lists: WordLists): Promise<BuiltScenario> {
  const sources: BuiltScenario['sources'] = [];
  for (const file of files) sources.push({ file: file.name, sha256: await checkedHash(file) });
  const format = formats[definition.format];
  const questions = format.kind === 'raw' ? await adapted(definition, format, files, lists) : await finished(definition, files);
  if (questions.length === 0) throw invalid(`scenario ${definition.name}`, `its files hold no question of the splits ${definition.splits.join(', ')}`);
  return { questions: questions.map((question) => withScenario(definition, question)), sources };
}

async function finished(definition: ScenarioDefinition, files: readonly DataFile[]): Promise<Question[]> {
  const format = formats[definition.format];
  if (format.kind !== 'finished') return [];
  if (definition.perturbations.length > 0) throw invalid(`scenario ${definition.name}`, 'perturbations: finished prompts cannot be changed any more');
  const questions: Question[] = [];
  for (const { path, name } of files) questions.push(...(await format.questions(path, name, definition.options)));
  const originals = questions.filter(({ perturbation }) => perturbation === undefined);
  const kept = new Set(downsample(originals, definition.questions ?? originals.length).map(({ id }) => id));
  return questions.filter(({ id, perturbation }) => kept.has(perturbation?.of ?? id)).map((question) => ({ ...question, ...metricsOf(definition, question) }));
}

async function adapted(definition: ScenarioDefinition, format: RawFormat, files: readonly DataFile[], lists: WordLists): Promise<Question[]> {
  const rows: Row[] = [];
  for (const file of files) rows.push(...(await readRows(file, { header: definition.options['header'] === undefined ? format.header : definition.options['header'] === true })));
  const instances = withIds(format.instances(rows, definition.options));
  const adaptation = adaptationOf(definition, format.adaptation(rows, definition.options));
  const examples = sampleExamples(instances.filter(({ split }) => split === 'train'), adaptation);
  const toAsk = instances.filter(({ split }) => definition.splits.includes(split));
  const perturb = createPerturber(perturbationsOf(definition), lists, (seed) => pythonRandomOfText(seed, sha512));
  return downsample(toAsk, definition.questions ?? toAsk.length)
    .flatMap((instance) => [instance, ...perturb(instance)])
    .map((instance) => ({ ...questionOf(instance, examples, adaptation), ...metricsOf(definition, format) }));
}

interface NamedMetrics {
  metrics: readonly string[];
  groupMetrics?: readonly GroupMetric[] | undefined;
}

function metricsOf(definition: ScenarioDefinition, format: NamedMetrics): Pick<Question, 'metrics' | 'groupMetrics'> {
  const groupMetrics = definition.groupMetrics ?? format.groupMetrics;
  return { metrics: definition.metrics ?? [...format.metrics], ...(groupMetrics ? { groupMetrics: [...groupMetrics] } : {}) };
}

function questionOf(instance: Instance, examples: readonly Instance[], adaptation: Adaptation): Omit<Question, 'metrics'> {
  const { text, examples: spans, choices } = buildPrompt(instance, examples, adaptation);
  const { maxNewTokens, temperature, stop, window } = adaptation;
  const golds = correctTexts(instance);
  const { id, perturbation } = instance;
  const tags = instance.references[0]?.tags ?? [];
  return {
    id: perturbation ? `${id}~${perturbation.name}` : id,
    prompt: text,
    references: golds.length > 0 ? golds : [''],
    ...(choices ? { choices } : {}),
    generation: GenerationSettings.parse({ maxNewTokens, ...(temperature > 0 ? { temperature } : {}), stop }),
    ...(tags.length > 0 ? { tags } : {}),
    ...(perturbation ? { perturbation: { ...perturbation, of: id } } : {}),
    ...(Buffer.byteLength(text) + maxNewTokens + 8 <= window ? {} : { window: { tokens: window, examples: spans } }),
  };
}

/** Ids are unique in the whole suite, so they begin with the scenario's name. */
function withScenario({ name }: ScenarioDefinition, question: Question): Question {
  const { perturbation } = question;
  const inSuite = (id: string): string => (Buffer.byteLength(id) > 120 ? `${name}-${createHash('sha256').update(id).digest('hex').slice(0, 32)}` : `${name}-${id}`);
  return { ...question, id: inSuite(question.id), ...(perturbation ? { perturbation: { ...perturbation, of: inSuite(perturbation.of) } } : {}) };
}

function sha512(bytes: Uint8Array): Uint8Array {
  return createHash('sha512').update(bytes).digest();
}

/** The lines of a scenario's file, each with the canary. */
export function scenarioText(questions: readonly Question[], canary: string): string {
  return questions.map((question) => `${canonicalJson({ ...question, canary })}\n`).join('');
}
