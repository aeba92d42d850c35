import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

it.each([
  ['an unknown option', ['--bogus'], {}, 2, /^reprise-worker: Unknown option '--bogus'.*\n {2}Next: reprise-worker --help/],
  ['an option without its value', ['--host'], {}, 2, /^reprise-worker: Option '--host <value>' argument missing\n {2}Next: /],
  ['a name that is none', ['--host', 'a b'], {}, 4, /^reprise-worker: .*\n {2}host \(REPRISE_HOST[^]*\n {2}Next: Correct/],
  ['an empty list of GPUs', ['--gpu', ''], {}, 2, /^reprise-worker: --gpu names no device.*\n {2}Next: reprise-worker --help/],
  ['a GPU that the machine does not have', ['--gpu', 'GPU-none'], {}, 4, /^reprise-worker: this machine has no GPU GPU-none: .*\n {2}Next: Name devices that `reprise doctor` lists/],
  ['no Temporal server', [], { REPRISE_TEMPORAL_ADDRESS: '127.0.0.1:1' }, 4, /no Temporal server answers at 127\.0\.0\.1:1\n {2}Next: Start the stack/],
])('a worker that is started with %s says what to do, and no stack', async (_what, args, env, expected, words) => {
  const { exitCode, stderr } = await execa('node', [join(root, 'worker', 'main.ts'), ...args], { env: { REPRISE_HOME: join(root, 'node_modules', '.no-home'), ...env }, reject: false, preferLocal: true, localDir: root });
  expect(stderr).toMatch(words);
  expect(stderr).not.toMatch(/\n {4}at /);
  expect(exitCode).toBe(expected);
}, 60_000);
