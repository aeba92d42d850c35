import { createHash } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { SuiteDescription } from '../../domain/index.ts';
import { invalid } from '../intake/suite-lines.ts';
import { type ScenarioDefinition, readDefinition, type SuiteDefinition } from './definition.ts';
import { buildScenario, type BuiltScenario, scenarioText } from './scenario.ts';
import { readWordLists } from './word-lists.ts';

/**
 * Builds the suite of a definition into a directory that is new or empty: `suite.yaml` and one file a scenario. The same definition
 * and files give the same bytes. Failures: SUITE_INVALID, HELM_RUN_INVALID.
 */
export async function buildSuite(definitionPath: string, out: string): Promise<SuiteDescription> {
  return writeSuite(await readDefinition(definitionPath), dirname(resolve(definitionPath)), out);
}

/** The same for a definition that is at hand; its files are relative to `directory`. */
export async function writeSuite(definition: SuiteDefinition, directory: string, out: string): Promise<SuiteDescription> {
  const present = await readdir(out).catch(() => []);
  if (present.length > 0) throw invalid(out, 'is not empty; a suite is built into a directory of its own');
  const lists = await readWordLists(definition, directory);
  const built: [ScenarioDefinition, BuiltScenario][] = [];
  for (const scenario of definition.scenarios) {
    const files = scenario.files.map(({ path, sha256, split }) => ({ path: resolve(directory, path), name: path, sha256, split }));
    built.push([scenario, await buildScenario(scenario, files, lists)]);
  }
  const canary = canaryOf(built.map(([, { questions }]) => questions));
  const described: SuiteDescription = {
    name: definition.name,
    version: definition.version,
    ...(definition.description === undefined ? {} : { description: definition.description }),
    canary,
    scenarios: [],
  };
  for (const [{ name, stage, version }, { questions, sources }] of built) {
    const text = scenarioText(questions, canary);
    await mkdir(join(out, stage), { recursive: true });
    await writeFile(join(out, stage, `${name}.jsonl`), text);
    described.scenarios?.push({ name, stage, version, questions: questions.length, sha256: sha256(text), sources });
  }
  await writeFile(join(out, 'suite.yaml'), stringify(described, { lineWidth: 0 }));
  return described;
}

/** Unique to these questions, guessed by nobody who does not have them, and the same each time. */
function canaryOf(questions: unknown): string {
  return `reprise-canary ${sha256(JSON.stringify(questions)).slice(0, 32)} not for training`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
