import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa, type Options } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'reprise-interrupt-'));
  mkdirSync(join(scratch, 'entry'));
  // Enough to be read for seconds: each file is spooled, hashed and scanned by itself.
  for (let index = 0; index < 4_000; index += 1) writeFileSync(join(scratch, 'entry', `${index}.txt`), `line ${index}\n`.repeat(400));
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

function start(args: string[], options: Options = {}) {
  const env = { REPRISE_HOME: join(scratch, 'home') };
  return execa('node', [join(root, 'cli', 'main.ts'), ...args], { cwd: scratch, env, reject: false, preferLocal: true, localDir: root, ...options });
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => void setTimeout(resolve, 20));
}

const namesIn = (directory: string): string[] => readdirSync(join(scratch, directory));

describe('Ctrl-C', { timeout: 60_000 }, () => {
  it('ends a publication with 130 and leaves nothing of it behind', async () => {
    const running = start(['publish', 'entry', 'public']);
    await until(() => namesIn('.').includes('home') && namesIn('home').includes('scratch') && namesIn('home/scratch').some((name) => namesIn(`home/scratch/${name}`).length > 0));
    running.kill('SIGINT');
    expect((await running).exitCode).toBe(130);
    expect(namesIn('.').toSorted()).toEqual(['entry', 'home']);
    expect(namesIn('home/scratch')).toEqual([]);
  });
});

describe('a reader that has read enough', { timeout: 60_000 }, () => {
  it('ends the command quietly', async () => {
    mkdirSync(join(scratch, 'dockerfiles'));
    for (let index = 0; index < 300; index += 1) writeFileSync(join(scratch, 'dockerfiles', `Dockerfile.${index}`), 'FROM x\nRUN pip install a b c d e f g\n');
    const running = start(['check', 'dockerfiles', '--json'], { buffer: false });
    running.stdout?.once('data', () => running.stdout?.destroy());
    let said = '';
    running.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const { exitCode } = await running;
    expect([exitCode, said]).toEqual([130, '']);
  });
});
