import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { failures, limits } from '../../domain/index.ts';
import { Config } from '../../infra/config.ts';

const root = join(import.meta.dirname, '..', '..');
/** Words of every source file, so that a name is looked up and not searched for. */
const words = new Map<string, Set<string>>();
const sources = new Map<string, string>();
beforeAll(() => {
  for (const file of execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.ts', '*.mjs'], { cwd: root, encoding: 'utf8' }).trim().split('\n')) {
    const text = readFileSync(join(root, file), 'utf8');
    sources.set(file, text);
    words.set(file, new Set(text.match(/\w+/g)));
  }
});

const isProduct = (file: string): boolean => !/^(?:test|bench)\//.test(file);
/** Beside its declaration. */
const isUsedAtHome = (name: string, text: string): boolean => (text.match(new RegExp(`\\b${name}\\b`, 'g'))?.length ?? 0) > 1;
const isUsedElsewhere = (name: string, home: string): boolean => [...words].some(([file, used]) => file !== home && isProduct(file) && used.has(name));

it('whatever a room exports is used by the product, and not by tests alone', () => {
  const unused = [...sources].filter(([file]) => isProduct(file)).flatMap(([file, text]) => {
    const exported = [...text.matchAll(/^export (?:async )?(?:function\*?|const|class|interface|type) (\w+)/gm)].map(([, name]) => name ?? '');
    return exported.filter((name) => !isUsedAtHome(name, text) && !isUsedElsewhere(name, file)).map((name) => `${file}: ${name}`);
  });
  expect(unused).toEqual([]);
});

it.each([
  ['limit is held', 'domain/limits.ts', Object.keys(limits)],
  ['failure code is raised', 'domain/failures.ts', Object.keys(failures)],
  ['setting is read', 'infra/config.ts', Object.keys(Config.shape)],
])('every %s somewhere', (_what, home, names) => {
  expect(names.filter((name) => !isUsedElsewhere(name, home))).toEqual([]);
});
