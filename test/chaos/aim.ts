import type { PlannedFault } from './plan.ts';
import type { Submitted } from './workload.ts';
import type { World } from './world.ts';

/** A fault that has something to hit. */
export interface Aim {
  what: string;
  /** Strikes, and mends what does not mend itself. Resolves when the platform is to bring back the rest. */
  strike(): Promise<void>;
  /** Whether what was struck is up again. */
  isUp(): Promise<boolean>;
  /** Whether work shows by heartbeats too: where only the worker or what it talks through was gone. */
  beatsCount: boolean;
}

/** Aims a planned fault at what is there; undefined where there is nothing of its kind now. */
export type AimOf = (world: World, fault: PlannedFault, submitted: Submitted[]) => Promise<Aim | undefined>;
