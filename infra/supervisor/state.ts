import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Config } from '../config.ts';
import { replaceFile } from '../files.ts';
import { Part, partNames } from '../parts.ts';
import { ProcessIdentity } from '../processes.ts';
import { stateOf } from '../state.ts';

/** What should run. Written by `up` and `down`, read by the supervising process. */
export const Wanted = z.strictObject({ parts: z.array(Part) });
export type Wanted = z.infer<typeof Wanted>;

const PartRecord = z.strictObject({
  name: z.enum(partNames),
  phase: z.enum(['stopped', 'running', 'waiting', 'stopping']),
  process: ProcessIdentity.optional(),
  startedAt: z.string().optional(),
  /** The part as it was started; it is started anew where another is wanted. */
  startedAs: z.string().optional(),
  /** How often it ended without being asked to and was started again, since it was last asked for. */
  restarts: z.number().int(),
  lastExit: z.strictObject({ at: z.string(), code: z.number().nullable(), signal: z.string().nullable() }).optional(),
});
export type PartRecord = z.infer<typeof PartRecord>;

/** What runs. Written by the supervising process; what it started lives on without it, and the next one reads this. */
export const Observed = z.strictObject({
  supervisor: ProcessIdentity.optional(),
  /** Takes over where the supervising process is killed. */
  standby: ProcessIdentity.optional(),
  /** Digest of the variables that it hands to the parts. */
  environment: z.string().optional(),
  parts: z.array(PartRecord),
});
export type Observed = z.infer<typeof Observed>;

export function readWanted(config: Pick<Config, 'home' | 'cache'>): Wanted {
  return read(stateOf(config).wanted, Wanted) ?? { parts: [] };
}

export function writeWanted(config: Pick<Config, 'home' | 'cache'>, wanted: Wanted): void {
  replaceFile(stateOf(config).wanted, `${JSON.stringify(wanted, null, 2)}\n`, 0o600);
}

export function readObserved(config: Pick<Config, 'home' | 'cache'>): Observed {
  return read(stateOf(config).observed, Observed) ?? { parts: [] };
}

export function writeObserved(config: Pick<Config, 'home' | 'cache'>, observed: Observed): void {
  replaceFile(stateOf(config).observed, `${JSON.stringify(observed, null, 2)}\n`, 0o600);
}

function read<Schema extends z.ZodType>(path: string, schema: Schema): z.infer<Schema> | undefined {
  return existsSync(path) ? schema.parse(JSON.parse(readFileSync(path, 'utf8'))) : undefined;
}
