import type { Container } from 'dockerode';
import type { Submission } from '../../domain/index.ts';
import type { Dependencies } from '../dependencies.ts';
import type { Owner } from '../io/docker/names.ts';
import type { Lease, StageLog } from '../logs/index.ts';
import type { StageContext } from '../stage.ts';
import type { Budget } from './budget.ts';
import type { TrainingVolumes } from './plan.ts';

/** What an attempt has in its hands while it looks after a training. */
export interface Training {
  dependencies: Dependencies;
  submission: Submission;
  owner: Owner;
  volumes: TrainingVolumes;
  container: Container;
  /** Id of the container. */
  id: string;
  budget: Budget;
  lease: Lease;
  log: StageLog;
  context: StageContext;
  bounds: TrainingBounds;
  /** UUID of its GPU; undefined without one. */
  device: string | undefined;
}

/** What the track and the platform bound it by; tests make it small. */
export interface TrainingBounds {
  diskBytes: number;
  stalled: { afterMs: number; stops: boolean };
  checkpointLookMs: number;
  activityLookMs: number;
  diskLookMs: number;
}
