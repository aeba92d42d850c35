import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { SuiteDescription, SuiteStage } from '../../domain/index.ts';
import { chunksOf, invalid, readLines } from './suite-lines.ts';
import { checkQuestion, type Known, nothingKnown, readQuestion } from './suite-questions.ts';
import { sealedFile } from './suite-seal.ts';
import type { StageQuestion } from './suite-split.ts';
import { type LocatedYaml, readYaml } from './suite-yaml.ts';

export interface SuiteHeader {
  name: string;
  description?: string;
  /** `suite.yaml` as it stands. */
  described: SuiteDescription;
}

/** Opens a sealed closed stage; asked only where there is one. Its questions are not to be used before the last has come. */
export type OpenSealed = (chunks: AsyncIterable<Uint8Array>) => Promise<AsyncIterable<StageQuestion>>;
/** Called for each question, those of one scenario one after the other. */
export type TakeQuestion = (stage: SuiteStage, asked: StageQuestion) => void;

type Report = (error: Error) => void;

/**
 * Reads `<directory>/{open,closed}/*.jsonl`, one scenario a file, one question a line, `closed.sealed` in place of `closed/`, and
 * `suite.yaml` where there is one, without holding more than one question and the ids; what is wrong goes to `report`, once for each
 * cause, which throws the first unless given. Failures: SUITE_INVALID naming file and line, for closed files never anything that stands
 * in them.
 */
export async function visitSuite(
  directory: string,
  metricNames: ReadonlySet<string>,
  openSealed: OpenSealed,
  take: TakeQuestion,
  report: Report = (error) => {
    throw error;
  },
): Promise<SuiteHeader> {
  const known = nothingKnown(metricNames);
  const counts: Counts = new Map();
  const counted: TakeQuestion = (stage, asked) => {
    const file = `${stage}/${asked.scenario}.jsonl`;
    counts.set(file, (counts.get(file) ?? 0) + 1);
    take(stage, asked);
  };
  if (!(await isDirectory(directory))) {
    report(invalid(directory, 'is not a directory; name the one of the suite, in which open/*.jsonl stands'));
    return { name: basename(resolve(directory)), described: {} };
  }
  // What is wrong in a part of the suite is said; what follows from it, as another number of questions, is not.
  const wrong = new Set<string>();
  const of = (part: string): Report => (error) => void (wrong.add(part), report(error));
  const description = await attempt(report, () => readDescription(directory));
  for (const stage of SuiteStage.options) {
    for (const file of (await attempt(of(stage), () => scenarioFiles(directory, stage))) ?? []) {
      const ofFile = of(`${stage}/${file}`);
      await attempt(ofFile, () => readScenario(directory, stage, file, known, counted, ofFile));
    }
  }
  const hasClosed = [...counts.keys()].some((file) => file.startsWith('closed/'));
  await attempt(of(sealedFile), () => readSealed(directory, openSealed, known, counted, hasClosed));
  if (![...counts.keys(), ...wrong].some((part) => part.startsWith('open'))) report(invalid(directory, 'holds no questions: there is no open/*.jsonl'));
  const { name = basename(resolve(directory)), description: words, scenarios = [] } = description?.value ?? {};
  for (const [index, each] of scenarios.entries()) {
    const parts = [`${each.stage}/${each.name}.jsonl`, each.stage, ...(each.stage === 'closed' ? [sealedFile] : [])];
    if (!parts.some((part) => wrong.has(part))) await attempt(report, () => checkDescribed(directory, each, counts, description?.lineOf(['scenarios', index]) ?? 1));
  }
  return { name, ...(words === undefined ? {} : { description: words }), described: description?.value ?? {} };
}

async function isDirectory(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}

/** Questions by the file that they stand in, or would if they were not sealed. */
type Counts = Map<string, number>;

/** What SUITE_INVALID says goes to `report`; anything else is thrown. */
async function attempt<T>(report: Report, read: () => Promise<T> | T): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof ApplicationFailure) || error.type !== 'SUITE_INVALID') throw error;
    report(error);
    return undefined;
  }
}

async function readScenario(directory: string, stage: SuiteStage, name: string, known: Known, take: TakeQuestion, report: Report): Promise<void> {
  const [file, scenario] = [`${stage}/${name}`, name.replace(/\.jsonl$/, '')];
  let number = 0;
  for await (const line of readLines(join(directory, file), file)) {
    number += 1;
    const place = { stage, file, line: number };
    await attempt(report, () => take(stage, { scenario, question: readQuestion(line, place, known) }));
  }
}

async function readSealed(directory: string, openSealed: OpenSealed, known: Known, take: TakeQuestion, hasClosed: boolean): Promise<void> {
  const path = join(directory, sealedFile);
  if ((await stat(path).catch(() => undefined)) === undefined) return;
  if (hasClosed) throw invalid(sealedFile, 'stands beside closed/; keep one of them');
  let [scenario, line] = ['', 0];
  let wrong: unknown;
  for await (const asked of await openSealed(chunksOf(path, sealedFile))) {
    line = asked.scenario === scenario ? line + 1 : 1;
    scenario = asked.scenario;
    try {
      checkQuestion(asked.question, { stage: 'closed', file: `${sealedFile}: closed/${scenario}.jsonl`, line }, known);
    } catch (error) {
      wrong ??= error; // Thrown when all is read: of a file that was changed, that is what is wrong.
    }
    if (wrong === undefined) take('closed', asked);
  }
  if (wrong !== undefined) throw wrong as Error;
}

async function readDescription(directory: string): Promise<LocatedYaml<SuiteDescription>> {
  const text = await readFile(join(directory, 'suite.yaml'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw invalid('suite.yaml', `cannot be read: ${error.message}`);
  });
  return readYaml('suite.yaml', text, SuiteDescription);
}

type Described = NonNullable<SuiteDescription['scenarios']>[number];

/** A sealed scenario is held to its number of questions: its file is not there, and its cipher text is authenticated. */
async function checkDescribed(directory: string, { stage, name, questions, sha256 }: Described, counts: Counts, line: number): Promise<void> {
  const file = `${stage}/${name}.jsonl`;
  const found = counts.get(file);
  if (found === undefined) throw invalid(`suite.yaml line ${line}`, `names ${file}, which is not there`);
  if (found !== questions) throw invalid(`suite.yaml line ${line}`, `says that ${file} has ${questions} questions, and it has ${found}; build the suite again, or give it a new version`);
  const actual = await hashOf(join(directory, file)).catch(() => undefined);
  if (actual === undefined || actual === sha256) return;
  throw invalid(`suite.yaml line ${line}`, `says another SHA-256 than ${file} has; build the suite again, or give it a new version`);
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
}

async function scenarioFiles(directory: string, stage: SuiteStage): Promise<string[]> {
  const names = await readdir(join(directory, stage)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw invalid(stage, `cannot be read: ${error.message}`);
  });
  const files = names.filter((name) => name.endsWith('.jsonl')).sort();
  const odd = files.find((name) => !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name));
  if (odd !== undefined) throw invalid(`${stage}/${odd}`, 'the name of a scenario is made of letters, digits, dot, hyphen and underscore');
  return files;
}
