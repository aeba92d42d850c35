import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type CheckedQuestion, type ContaminationReport, createContaminationCheck } from '../../domain/contamination/index.ts';
import { failure } from '../failure.ts';
import { trainingTexts } from './training-files.ts';

/**
 * Looks through training data, file after file (of a directory every file below it), for the questions of a suite. Failures:
 * REQUEST_INVALID where a file cannot be read or there is none.
 */
export async function checkContamination(questions: readonly CheckedQuestion[], paths: readonly string[]): Promise<ContaminationReport> {
  const check = createContaminationCheck(questions);
  const files = (await Promise.all(paths.map(filesAt))).flat();
  if (files.length === 0) throw failure('REQUEST_INVALID', `there is no file of training data in ${paths.join(', ')}`);
  for (const file of files) for await (const piece of trainingTexts(file)) check.add(piece);
  return check.report();
}

async function filesAt(path: string): Promise<string[]> {
  const found = await stat(path).catch((cause: unknown) => {
    throw failure('REQUEST_INVALID', `the training data ${path} cannot be read`, { cause });
  });
  if (!found.isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
