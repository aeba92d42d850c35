import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { generated, withTable } from '../../infra/docs/main.ts';

const root = join(import.meta.dirname, '..', '..');

it.each(generated)('$file shows the $name of the code (if not: npm run docs)', ({ file, name, text }) => {
  const document = readFileSync(join(root, file), 'utf8');
  expect(withTable(document, name, text())).toBe(document);
});
