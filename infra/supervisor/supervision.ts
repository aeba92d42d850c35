import { existsSync } from 'node:fs';
import type { Config } from '../config.ts';
import type { Part, PartName } from '../parts.ts';
import { processSupervision } from './process.ts';
import { systemdSupervision } from './systemd.ts';

export interface PartState {
  name: PartName;
  status: 'running' | 'restarting' | 'stopped';
  pid?: number;
  /** ISO 8601, UTC. */
  startedAt?: string;
  /** How often it ended without being asked to and was started again, since `up` last started it. */
  restarts: number;
  lastExit?: string;
}

/** Whoever keeps the parts running: systemd where it does, else a process of ours. */
export interface Supervision {
  kind: 'systemd' | 'process';
  observe(): Promise<PartState[]>;
  /** Whether somebody would start a part that dies now. */
  isPresent(): Promise<boolean>;
  /** Makes exactly these parts run, and returns when each was started and every other one has ended. */
  want(parts: Part[]): Promise<void>;
  /** What is wanted now, as it was given. */
  wanted(): Promise<Part[]>;
  /** Goes, and leaves what is wanted running. */
  leave(): Promise<void>;
  logTail(part: PartName, lines: number): Promise<string>;
}

/** Units of systemd need its rights; anybody else's stack is kept by a process of their own. */
export function supervisionOf(config: Config): Supervision {
  const usesSystemd = existsSync('/run/systemd/system') && process.getuid?.() === 0;
  return usesSystemd ? systemdSupervision(config) : processSupervision(config);
}
