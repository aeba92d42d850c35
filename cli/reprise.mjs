#!/usr/bin/env node
// The command `reprise`. In a checkout it installs what is missing and runs the sources; in a package, what was compiled.
import { join } from 'node:path';
import { install, isAtLeast, isCheckout, nodeForTypeScript, root, runAndExit } from '../infra/launch.mjs';

const args = process.argv.slice(2);

try {
  if (isCheckout) {
    install();
    runAndExit(nodeForTypeScript(), [join(root, 'cli', 'main.ts'), ...args]);
  } else if (isAtLeast(22, 12)) {
    runAndExit(process.execPath, [join(root, 'dist', 'cli', 'main.js'), ...args]);
  } else {
    throw new Error(`reprise needs Node 22.12 or newer, and this is ${process.version}. Install a newer one, or use a checkout, which brings its own.`);
  }
} catch (error) {
  process.stderr.write(`reprise: ${error.message}\n`);
  process.exitCode = 4;
}
