import { execaSync } from 'execa';
import { mkdtempSync, rmSync, writeFileSync, cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

/** The lint rules are the walls between the rooms: each is shown to stop an import that goes the wrong way. */
const root = join(import.meta.dirname, '..', '..');
let copy: string;

beforeAll(() => {
  copy = mkdtempSync(join(root, 'node_modules', '.cache-rooms-'));
  cpSync(join(root, '.oxlintrc.json'), join(copy, '.oxlintrc.json'));
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

it.each([
  ['domain', "import { connect } from '../activities/io/s3.ts';"],
  ['domain', "import { readFileSync } from 'node:fs';"],
  ['workflows', "import { createActivities } from '../activities/index.ts';"],
  ['workflows', "import { Run } from '../domain/run.ts';"],
  ['activities', "import { readConfig } from '../infra/config.ts';"],
  ['activities', "import { renderDetails } from '../workflows/details.ts';"],
  ['worker', "import { main } from '../cli/main.ts';"],
])('%s may not say: %s', (room, line) => {
  mkdirSync(join(copy, room), { recursive: true });
  const path = join(copy, room, 'wrong.ts');
  const name = /\{ (\w+) \}/.exec(line)?.[1] ?? '';
  writeFileSync(path, `${line}\nexport const used = ${name};\n`);
  const { exitCode, stdout } = execaSync('oxlint', ['--no-ignore', '-c', join(copy, '.oxlintrc.json'), path], { reject: false, preferLocal: true, localDir: root, cwd: copy });
  expect(stdout).toContain('no-restricted-imports');
  expect(exitCode).not.toBe(0);
});
