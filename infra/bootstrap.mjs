// What npm's scripts call: `node infra/bootstrap.mjs <program> [args]` installs what is missing, then runs a program of the
// installed packages, `reprise`, or `node file.ts`.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { install, nodeForTypeScript, programs, root, runAndExit } from './launch.mjs';

const [program, ...args] = process.argv.slice(2);

try {
  install();
  if (program === 'node') runAndExit(nodeForTypeScript(), args);
  else if (program === 'reprise') runAndExit(nodeForTypeScript(), [join(root, 'cli', 'main.ts'), ...args]);
  else if (program !== undefined && existsSync(join(programs, program))) runAndExit(join(programs, program), args);
  else throw new Error(`there is no program "${program ?? ''}" in ${programs}`);
} catch (error) {
  process.stderr.write(`bootstrap: ${error.message}\n`);
  process.exitCode = 4;
}
