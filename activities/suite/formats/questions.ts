import { Question } from '../../../domain/index.ts';
import { invalid } from '../../intake/suite-lines.ts';
import { readRows } from '../rows.ts';
import type { FinishedFormat } from './format.ts';

/** Questions in the format of a suite, one a line: they are taken as they are and checked. */
export const questions: FinishedFormat = {
  kind: 'finished',
  questions: async (path, name) =>
    (await readRows({ path, name }, { header: true })).map(({ value, line }) => {
      const parsed = Question.safeParse(value);
      if (parsed.success) return parsed.data;
      const fields = [...new Set(parsed.error.issues.map(({ path: [field], code }) => `${String(field ?? 'the line')}: ${code}`))];
      throw invalid(`${name} line ${line}`, fields.join('; '));
    }),
};
