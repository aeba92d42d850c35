import { isAlive } from '../processes.ts';
import type { Held, HeldPart } from './attend.ts';
import type { PartRecord } from './state.ts';

/** Takes over the parts of a supervising process that is gone: the living ones run on, a dead one counts as ended. */
export function adoptParts(records: PartRecord[], nowMs = Date.now()): Held {
  return new Map(records.map((record) => [record.name, { ...heldOf(record, nowMs), record }]));
}

function heldOf(record: PartRecord, nowMs: number): Pick<HeldPart, 'condition'> {
  const alive = record.process !== undefined && isAlive(record.process);
  const wasUp = record.phase === 'running' || record.phase === 'waiting';
  const phase = alive || wasUp ? 'running' : 'stopped';
  return { condition: { phase, sinceMs: record.startedAt === undefined ? nowMs : Date.parse(record.startedAt), endedEarly: 0 } };
}
