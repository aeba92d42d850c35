import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';

/** The directory of the package: the nearest one above with a package.json, from sources and from `dist` alike. */
export const packageRoot = nearest(import.meta.dirname, 'package.json');

/** `worker/main` -> the file that runs it: TypeScript in a checkout, JavaScript in `dist`. */
export function programFile(name: string): string {
  return resolve(import.meta.dirname, '..', `${name}${extname(import.meta.filename)}`);
}

const roomsOfTheWorker = ['activities', 'domain', 'infra', 'worker', 'workflows'];

/** Changes when a source file of the worker does, by names, sizes and times: a running worker keeps the code it started with. */
export function sourceRevision(): string {
  const rooms = roomsOfTheWorker.map((room) => resolve(import.meta.dirname, '..', room)).filter((path) => existsSync(path));
  const files = rooms.flatMap((room) =>
    readdirSync(room, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && extname(entry.name) === extname(import.meta.filename))
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  const described = files.sort().map((path) => `${path} ${statSync(path).size} ${statSync(path).mtimeMs}`);
  return createHash('sha256').update(described.join('\n')).digest('hex').slice(0, 16);
}

function nearest(directory: string, name: string): string {
  if (existsSync(join(directory, name)) || dirname(directory) === directory) return directory;
  return nearest(dirname(directory), name);
}
