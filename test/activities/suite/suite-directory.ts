import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { buildSuite } from '../../../activities/suite/build.ts';
import type { Question } from '../../../domain/index.ts';

export interface Scratch {
  path(name: string): string;
  write(name: string, content: string | Uint8Array): Promise<string>;
  /** Builds a suite of one scenario and reads its questions. */
  build(scenario: Record<string, unknown>, files: Record<string, string | Uint8Array>): Promise<Question[]>;
  remove(): Promise<void>;
}

export async function scratchDirectory(): Promise<Scratch> {
  const directory = await mkdtemp(join(tmpdir(), 'reprise-suites-'));
  const path = (name: string): string => join(directory, name);
  let built = 0;
  const write = async (name: string, content: string | Uint8Array): Promise<string> => {
    await mkdir(dirname(path(name)), { recursive: true });
    await writeFile(path(name), content);
    return path(name);
  };
  return {
    path,
    write,
    build: async (scenario, files) => {
      built += 1;
      for (const [name, content] of Object.entries(files)) await write(`data-${built}/${name}`, content);
      const sources = scenario['files'] ?? Object.keys(files).map((name) => ({ path: `data-${built}/${name}` }));
      const definition = await write(`definition-${built}.yaml`, stringify({ name: 'suite', scenarios: [{ name: 's', ...scenario, files: sources }] }));
      await buildSuite(definition, path(`suite-${built}`));
      return readQuestions(path(`suite-${built}/${String(scenario['stage'] ?? 'open')}/s.jsonl`));
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

export async function readQuestions(path: string): Promise<Question[]> {
  return (await readFile(path, 'utf8')).trimEnd().split('\n').map((line) => JSON.parse(line) as Question);
}

export function jsonLines(...values: unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('');
}
