import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'yaml';
import { canonicalJson, type SuiteDescription, type SuiteStage } from '../../domain/index.ts';
import { metricNames } from '../../domain/metrics/index.ts';
import { openSealedWith } from '../intake/suite.ts';
import type { SuiteKey } from '../intake/suite-crypto.ts';
import { type SuiteHeader, visitSuite } from '../intake/suite-files.ts';
import { invalid } from '../intake/suite-lines.ts';
import { sealedFile, sealStage } from '../intake/suite-seal.ts';
import { startStageText } from '../intake/suite-text.ts';
import type { Place, Spool } from '../io/spool.ts';
import type { SuiteSettings } from './inspect.ts';

/** A scenario whose questions stand in a spool, in canonical JSON. */
export interface SpooledScenario {
  stage: SuiteStage;
  name: string;
  lines: Place[];
  /** Each question with its perturbed copies, by the question's id. */
  groups: Map<string, Place[]>;
}

/** Reads a suite's directory into a spool. Failures: SUITE_INVALID, SUITE_KEY_MISSING where it is sealed. */
export async function setAside(dependencies: SuiteSettings, directory: string, spool: Spool): Promise<{ header: SuiteHeader; scenarios: SpooledScenario[] }> {
  const scenarios: SpooledScenario[] = [];
  const header = await visitSuite(directory, metricNames, openSealedWith(dependencies), (stage, { scenario: name, question }) => {
    let scenario = scenarios.at(-1);
    if (scenario?.stage !== stage || scenario.name !== name) scenarios.push((scenario = { stage, name, lines: [], groups: new Map() }));
    const place = spool.appendText(canonicalJson(question));
    scenario.lines.push(place);
    const of = question.perturbation?.of ?? question.id;
    const group = scenario.groups.get(of);
    if (group) group.push(place);
    else scenario.groups.set(of, [place]);
  });
  return { header, scenarios };
}

type Described = NonNullable<SuiteDescription['scenarios']>[number];

/** Writes them into a directory that is new or empty; with a key, the closed ones into one sealed file. Failures: SUITE_INVALID. */
export async function writeScenarios({ name, described }: SuiteHeader, scenarios: readonly SpooledScenario[], out: string, spool: Spool, key: SuiteKey | undefined): Promise<void> {
  if ((await readdir(out).catch(() => [])).length > 0) throw invalid(out, 'is not empty');
  await mkdir(out, { recursive: true });
  const sealed = key ? scenarios.filter(({ stage }) => stage === 'closed') : [];
  const written: Described[] = [];
  // Nothing of a sealed scenario stands in the open, not even a hash that a guess of one question could be checked by. The canary, which
  // follows from all questions together, stays: it is there to be searched for.
  for (const scenario of scenarios.filter((each) => !sealed.includes(each))) {
    const version = described.scenarios?.find((each) => each.stage === scenario.stage && each.name === scenario.name)?.version;
    const sha256 = await writeLines(scenario, out, spool);
    written.push({ name: scenario.name, stage: scenario.stage, ...(version === undefined ? {} : { version }), questions: scenario.lines.length, sha256 });
  }
  if (key && sealed.length > 0) await writeSealed(sealed, join(out, sealedFile), spool, key);
  await writeFile(join(out, 'suite.yaml'), stringify({ ...described, name, scenarios: written }, { lineWidth: 0 }));
}

/** Gives the file's SHA-256. */
async function writeLines({ stage, name, lines }: SpooledScenario, out: string, spool: Spool): Promise<string> {
  await mkdir(join(out, stage), { recursive: true });
  const hash = createHash('sha256');
  const texts = function* texts(): Generator<string> {
    for (const place of lines) {
      const text = `${spool.readText(place)}\n`;
      hash.update(text);
      yield text;
    }
  };
  await pipeline(Readable.from(texts()), createWriteStream(join(out, stage, `${name}.jsonl`)));
  return hash.digest('hex');
}

async function writeSealed(scenarios: readonly SpooledScenario[], path: string, spool: Spool, key: SuiteKey): Promise<void> {
  const text = startStageText('closed', spool);
  for (const { name, lines } of scenarios) for (const place of lines) text.addLine(name, spool.readText(place));
  await pipeline(Readable.from(sealStage(key, text)), createWriteStream(path));
}
