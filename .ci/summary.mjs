// Prints "N passed, N failed" from vitest's JSON report; exits 1 where a test failed or the command did without saying which.
import { existsSync, readFileSync } from 'node:fs';

const [path, status] = process.argv.slice(2);
const report = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
const passed = report?.numPassedTests ?? 0;
const failed = report?.numFailedTests ?? 0;
// A file that cannot be loaded, or a set-up that fails, ends the command without a failed test.
const unnamed = failed === 0 && (status !== '0' || report === undefined) ? 1 : 0;

process.stdout.write(`${passed} passed, ${failed + unnamed} failed\n`);
process.exitCode = failed + unnamed === 0 ? 0 : 1;
