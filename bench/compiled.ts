import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

const root = join(import.meta.dirname, '..');

/**
 * Compiles a program of this directory (`stage`) as the package is compiled, since that is what an installation runs: Node's own stripping of types takes 40 MB and
 * more of a process that executes the sources. Beside node_modules, which the compiled code needs.
 */
export async function withCompiled<Result>(name: 'stage' | 'record/proxy', use: (program: string) => Promise<Result>): Promise<Result> {
  const directory = await mkdtemp(join(root, 'dist-bench-'));
  try {
    await execa('tsc', ['-p', join(import.meta.dirname, 'tsconfig.json'), '--outDir', directory], { preferLocal: true, localDir: root });
    return await use(join(directory, 'bench', `${name}.js`));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
