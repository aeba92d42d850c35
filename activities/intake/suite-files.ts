import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { parse } from 'yaml';
import { z } from 'zod';
import { type Question, type Scenario, SuiteDescription, SuiteStage, type SuiteStageContent } from '../../domain/index.ts';
import { invalid, readLines } from './suite-lines.ts';
import { checkQuestion, type Known, readQuestion } from './suite-questions.ts';
import { sealedFile } from './suite-seal.ts';

export interface SuiteFiles {
  name: string;
  description?: string;
  /** `suite.yaml` as it stands. */
  described: SuiteDescription;
  stages: SuiteStageContent[];
}

/** Opens a sealed closed stage; asked only where there is one. */
export type OpenSealed = (bytes: Uint8Array) => Promise<SuiteStageContent>;

/**
 * Reads `<directory>/{open,closed}/*.jsonl`, one scenario a file, one question a line, `closed.sealed` in place of `closed/`, and
 * `suite.yaml` where there is one. Failures: SUITE_INVALID naming file and line, for closed files never anything that stands in them.
 */
export async function readSuiteFiles(directory: string, metricNames: ReadonlySet<string>, openSealed: OpenSealed): Promise<SuiteFiles> {
  return readSuite(directory, metricNames, openSealed, (error) => {
    throw error;
  });
}

/** The same, with everything that is wrong instead of the first; what is wrong is left out of the suite. */
export async function readSuiteWithProblems(
  directory: string,
  metricNames: ReadonlySet<string>,
  openSealed: OpenSealed,
): Promise<{ suite: SuiteFiles; problems: string[] }> {
  const problems: string[] = [];
  const suite = await readSuite(directory, metricNames, openSealed, ({ message }) => problems.push(message));
  return { suite, problems };
}

type Report = (error: Error) => void;

async function readSuite(directory: string, metricNames: ReadonlySet<string>, openSealed: OpenSealed, report: Report): Promise<SuiteFiles> {
  const known: Known = { metricNames, seen: new Map() };
  const described = (await attempt(report, () => readDescription(directory))) ?? {};
  const stages: SuiteStageContent[] = [];
  for (const stage of SuiteStage.options) {
    const scenarios: Scenario[] = [];
    for (const file of (await attempt(report, () => scenarioFiles(directory, stage))) ?? []) {
      const questions = await readScenario(directory, stage, `${stage}/${file}`, known, report);
      if (questions.length > 0) scenarios.push({ name: file.replace(/\.jsonl$/, ''), questions });
    }
    if (scenarios.length > 0) stages.push({ stage, scenarios });
  }
  const sealed = await attempt(report, () => readSealed(directory, openSealed, known, stages));
  if (sealed) stages.push(sealed);
  if (!stages.some(({ stage }) => stage === 'open')) report(invalid(directory, 'holds no questions: there is no open/*.jsonl'));
  for (const each of described.scenarios ?? []) await attempt(report, () => checkDescribed(directory, each, stages));
  const { name = basename(resolve(directory)), description } = described;
  return { name, ...(description === undefined ? {} : { description }), described, stages };
}

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

async function readScenario(directory: string, stage: SuiteStage, file: string, known: Known, report: Report): Promise<Question[]> {
  const questions: Question[] = [];
  const lines = (await attempt(report, () => readLines(directory, file))) ?? [];
  for (const [index, line] of lines.entries()) {
    const question = await attempt(report, () => readQuestion(line, { stage, file, line: index + 1 }, known));
    if (question) questions.push(question);
  }
  return questions;
}

async function readSealed(directory: string, openSealed: OpenSealed, known: Known, stages: SuiteStageContent[]): Promise<SuiteStageContent | undefined> {
  const bytes = await readFile(join(directory, sealedFile)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw invalid(sealedFile, `cannot be read: ${error.message}`);
  });
  if (bytes === undefined) return undefined;
  if (stages.some(({ stage }) => stage === 'closed')) throw invalid(sealedFile, 'stands beside closed/; keep one of them');
  const content = await openSealed(bytes);
  for (const { name, questions } of content.scenarios) {
    questions.forEach((question, index) => checkQuestion(question, 'closed', `${sealedFile}: closed/${name}.jsonl line ${index + 1}`, known));
  }
  return content;
}

async function readDescription(directory: string): Promise<SuiteDescription> {
  const found = await stat(directory).catch(() => undefined);
  if (!found?.isDirectory()) throw invalid(directory, 'is not a directory');
  const text = await readFile(join(directory, 'suite.yaml'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw invalid('suite.yaml', `cannot be read: ${error.message}`);
  });
  const parsed = SuiteDescription.safeParse(parseYaml(text) ?? {});
  if (parsed.success) return parsed.data;
  throw invalid('suite.yaml', z.prettifyError(parsed.error).replaceAll('\n', '; '));
}

function parseYaml(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw invalid('suite.yaml', (error as Error).message.split('\n')[0] ?? '');
  }
}

type Described = NonNullable<SuiteDescription['scenarios']>[number];

/** A sealed scenario is held to its number of questions: its file is not there, and its cipher text is authenticated. */
async function checkDescribed(directory: string, { stage, name, questions, sha256 }: Described, stages: SuiteStageContent[]): Promise<void> {
  const file = `${stage}/${name}.jsonl`;
  const found = stages.find((each) => each.stage === stage)?.scenarios.find((each) => each.name === name);
  if (!found) throw invalid('suite.yaml', `names ${file}, which is not there or holds no valid question`);
  if (found.questions.length !== questions) throw invalid(file, `has ${found.questions.length} questions; suite.yaml says ${questions}`);
  const bytes = await readFile(join(directory, file)).catch(() => undefined);
  if (bytes === undefined || createHash('sha256').update(bytes).digest('hex') === sha256) return;
  throw invalid(file, 'does not have the SHA-256 that suite.yaml says; build the suite again, or give it a new version');
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
