import { expect, test } from 'vitest';
import { buildContext, matchSource } from '../../../activities/pin/copy-sources.ts';
import { filesOf } from './table.ts';

const texts = { 'main.py': '', 'a b.txt': '', 'lib/one.py': '', 'lib/two.py': '', 'lib/deep/three.py': '', 'Data/x.csv': '' };

async function match(source: string, dockerignore = ''): Promise<unknown> {
  const context = await buildContext(filesOf({ ...texts, '.dockerignore': dockerignore }, ['empty']), 'Dockerfile');
  const { matches, missing } = matchSource(context, source);
  return missing?.reason ?? matches;
}

test.each([
  ['main.py', ['main.py']],
  ['./main.py', ['main.py']],
  ['/main.py', ['main.py']],
  ['a b.txt', ['a b.txt']],
  ['lib/', ['lib']],
  ['.', ['']],
  ['empty', ['empty']],
  ['lib/*.py', ['lib/one.py', 'lib/two.py']],
  ['lib/t?o.py', ['lib/two.py']],
  ['l[a-j]b', ['lib']],
  ['requirements.txt*', 'absent'],
  ['lib/*/three.py', ['lib/deep/three.py']],
  ['nothing', 'absent'],
  ['data/x.csv', 'other-case'],
  ['MAIN.PY', 'other-case'],
  ['../main.py', 'outside'],
  ['lib/../main.py', ['main.py']],
  ['[', 'absent'],
])('the source %j is %j', async (source, expected) => {
  expect(await match(source)).toEqual(expected);
});

test.each([
  ['lib\r\n', 'lib', 'ignored'],
  ['lib\n!lib/two.py\n', 'lib', ['lib']],
  ['*\n!main.py\n', 'main.py', ['main.py']],
  ['*\n!main.py\n', 'a b.txt', 'ignored'],
  ['**/*.py', 'lib/*.py', 'ignored'],
  ['MAIN.py\n', 'main.py', ['main.py']],
  ['# main.py\n', 'main.py', ['main.py']],
])('with .dockerignore %j the source %j is %j', async (dockerignore, source, expected) => {
  expect(await match(source, dockerignore)).toEqual(expected);
});
