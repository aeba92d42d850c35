#!/usr/bin/env node
// The command `reprise-worker`: one more host for a stack that runs elsewhere. In a checkout it runs the sources; in a package, what was compiled.
import { join } from 'node:path';
import { install, isCheckout, nodeForTypeScript, root, runAndExit } from '../infra/launch.mjs';

const args = process.argv.slice(2);

try {
  if (isCheckout) install();
  const [program, file] = isCheckout ? [nodeForTypeScript(), join(root, 'worker', 'main.ts')] : [process.execPath, join(root, 'dist', 'worker', 'main.js')];
  runAndExit(program, ['--enable-source-maps', file, ...args]);
} catch (error) {
  process.stderr.write(`reprise-worker: ${error.message}\n`);
  process.exitCode = 4;
}
