import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chaos } from './chaos.ts';
import type { Options } from './options.ts';
import { openWorld } from './world.ts';

/** The first program of a world: `inside.ts <scratch directory> <options as JSON>`; leaves its summary in the directory. */
const [scratch = '', options = ''] = process.argv.slice(2);
const parsed = JSON.parse(options) as Options;
const world = await openWorld(scratch, parsed);
const summary = await chaos(world, { ...parsed, kills: parsed.kills ?? Infinity, minutes: parsed.minutes ?? Infinity });
await writeFile(join(scratch, 'summary.json'), JSON.stringify(summary));
// What it started ends with the world.
process.exit(0);
