import { z } from 'zod';

export const TrackName = z.enum(['cpu', 'rtx4090', 'a100']);
export type TrackName = z.infer<typeof TrackName>;

export interface Track {
  description: string;
  /** GPUs that a training container gets; matched against nvidia-smi's name. Undefined: no GPU. */
  gpu?: { modelPattern: string; minimumMemoryBytes: number };
  /** What trainings reach: nothing, whatever they ask for; the internet if they ask for it; the internet unless they ask for none. */
  trainingNetwork: 'none' | 'if-asked' | 'egress';
  trainingBudgetMs: number;
  memoryBytes: number;
  cpus: number;
  /** Most that a training may have on disk: its container's own layer, output and checkpoints together. */
  diskBytes: number;
  /** A training of which nothing is seen for so long is called stalled, and stopped where the track says so. */
  stalled: { afterMs: number; stops: boolean };
}

const GiB = 1024 ** 3;
const hour = 3_600_000;

/** Downloading a 70B base model prints nothing for 20 minutes on a slow line, but uses the CPU; half an hour of nothing is not work. */
const stalled = { afterMs: hour / 2, stops: false };

/**
 * The contest's two hardware tracks (arXiv 2503.13507, section 2: one GPU, 24 hours, 128 GB of host memory) and `cpu`, which
 * runs on any machine.
 */
export const tracks: Record<TrackName, Track> = {
  cpu: { description: 'no GPU', trainingNetwork: 'if-asked', trainingBudgetMs: 24 * hour, memoryBytes: 8 * GiB, cpus: 1, diskBytes: 100 * GiB, stalled },
  rtx4090: {
    description: 'one NVIDIA RTX 4090',
    gpu: { modelPattern: 'RTX 4090', minimumMemoryBytes: 23 * GiB },
    trainingNetwork: 'egress',
    trainingBudgetMs: 24 * hour,
    memoryBytes: 128 * GiB,
    cpus: 12,
    // A base model in 16 bits, its quantised copy, adapters and a few checkpoints.
    diskBytes: 500 * GiB,
    stalled,
  },
  a100: {
    description: 'one NVIDIA A100 40 GB',
    gpu: { modelPattern: 'A100', minimumMemoryBytes: 39 * GiB },
    trainingNetwork: 'egress',
    trainingBudgetMs: 24 * hour,
    memoryBytes: 128 * GiB,
    cpus: 12,
    // A base model in 16 bits, its quantised copy, adapters and a few checkpoints.
    diskBytes: 500 * GiB,
    stalled,
  },
};
