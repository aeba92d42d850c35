// Runs before anything is installed, so plain JavaScript for Node >= 18 without a dependency.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The directory of the package: a checkout, or where npm put it. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Whether this is a checkout, which runs its sources; a published package runs what was compiled. */
export const isCheckout = existsSync(join(root, 'tsconfig.json'));

/** Installs the packages of package-lock.json unless they are there; progress goes to stderr. Throws where npm fails. */
export function install() {
  if (isInstalled()) return;
  withLock(() => {
    // Another process may have installed while we waited for it.
    if (isInstalled()) return;
    process.stderr.write('Installing packages with npm ci (about half a minute) …\n');
    npm(['ci', '--loglevel=error']);
    // npm may refuse install scripts; the package `node` brings its program by one, and without it there is no Node 22.
    if (!existsSync(localNode)) npm(['rebuild', 'node', '--loglevel=error']);
  });
}

/** Runs a program until it ends, with this process' terminal and signals, and exits as it did. */
export function runAndExit(program, args) {
  const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, PATH: searchPath() } });
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the whole group: sent again, it would mean "now, without clean-up".
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    process.stderr.write(`${program} cannot be started: ${error.message}\n`);
    process.exit(127);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

/** A Node that runs TypeScript as it is: the installed one, or this one where it is new enough. Throws where neither is. */
export function nodeForTypeScript() {
  if (existsSync(localNode)) return localNode;
  if (isAtLeast(22, 18)) return process.execPath;
  throw new Error(`Node ${process.version} does not run TypeScript, and node_modules has no newer one. Run \`npm ci\`.`);
}

export function isAtLeast(major, minor) {
  const [ourMajor = 0, ourMinor = 0] = process.versions.node.split('.').map(Number);
  return ourMajor > major || (ourMajor === major && ourMinor >= minor);
}

/** Where npm links the programs of the installed packages. */
export const programs = join(root, 'node_modules', '.bin');

const localNode = join(root, 'node_modules', 'node', 'bin', 'node');

/** What npm wrote about the last complete installation, against what the lock file asks for; no times, which git changes. */
function isInstalled() {
  const written = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  const wanted = packagesOf(join(root, 'package-lock.json'));
  if (!wanted) throw new Error(`${join(root, 'package-lock.json')} is missing. Take it from the repository.`);
  if (!written || !(existsSync(localNode) || isAtLeast(22, 18))) return false;
  return Object.entries(wanted).every(([path, { version, optional, link }]) => {
    if (path === '' || link) return true;
    const found = written[path];
    return found ? found.version === version : optional === true;
  });
}

function packagesOf(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : undefined;
}

function npm(args) {
  // npm replaces node_modules, so it must not run with the Node that lies in there.
  const path = (process.env.PATH ?? '').split(delimiter).filter((entry) => !entry.startsWith(join(root, 'node_modules')));
  const options = { cwd: root, stdio: ['ignore', 2, 'inherit'], env: { ...process.env, PATH: path.join(delimiter) } };
  const { status, error } = spawnSync('npm', args, options);
  if (error) throw new Error(`npm cannot be started (${error.message}). Install Node.js with npm, then run the command again.`);
  if (status !== 0) throw new Error(`npm ${args[0]} ended with exit code ${status}. Read its message above, then run the command again.`);
}

function searchPath() {
  const entries = [programs, dirname(localNode), ...(process.env.PATH ?? '').split(delimiter)];
  return [...new Set(entries)].join(delimiter);
}

/** Two commands in one checkout must not install at the same time. */
function withLock(work) {
  const directory = join(root, '.reprise');
  const path = join(directory, 'install.lock');
  mkdirSync(directory, { recursive: true });
  while (!take(path)) {
    if (!isHeld(path)) rmSync(path, { force: true });
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  }
  try {
    work();
  } finally {
    rmSync(path, { force: true });
  }
}

function take(path) {
  try {
    const file = openSync(path, 'wx');
    writeSync(file, String(process.pid));
    closeSync(file);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  }
}

/** Whether the process that took the lock still runs; an empty file belongs to one that is about to write its number. */
function isHeld(path) {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    return pid === 0 || process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}
