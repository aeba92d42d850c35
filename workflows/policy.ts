import type { ActivityOptions, RetryPolicy } from '@temporalio/workflow';
import type { Activities } from './contract.ts';

type Policy = Required<Pick<ActivityOptions, 'startToCloseTimeout' | 'retry'>> & Pick<ActivityOptions, 'heartbeatTimeout'>;

/**
 * Only platform faults reach Temporal as errors, so every retry here is on the platform's account. Four hundred attempts with
 * back-off to five seconds outlast half an hour without engine or store; a fault that stays is said, not retried for ever. The
 * longest pause is what a run waits for at most after what it lacked is back.
 */
const patient: RetryPolicy = { initialInterval: '1s', backoffCoefficient: 1.5, maximumInterval: '5s', maximumAttempts: 400 };

/** A worker's restart costs an attempt, and the next one attaches: what lasts a day may see many of them. */
const attaching: RetryPolicy = { ...patient, maximumAttempts: 5_000 };

/**
 * Activities beat every 5 s (activities/heartbeat.ts); a worker that is silent this long is taken for dead. Long enough for a
 * Temporal server that is killed and comes back, short enough that what was lost on the way to a worker is back at work within 15 s
 * of that: the pause before the next attempt, 1 s, is over by then too.
 * What a killed worker leaves is given back by the next one (worker/left-behind.ts) and waits for nothing.
 */
const heartbeatTimeout = '15s';

/**
 * How long work waits for a worker of its host before the host is asked after: longer than a worker's restart takes, and each time
 * twice as long, since a training may wait for its device for a day, and each time costs about ten events.
 */
export const hostPatience = { firstMs: 30_000, mostMs: 3_600_000 };

/** Timeouts and retries of every activity, each with its reason. What a stage itself may take stands in domain/limits.ts. */
export const policies: Record<keyof Activities, Policy> = {
  // 20 GiB over a slow disk and a slow store.
  intake: { startToCloseTimeout: '2h', heartbeatTimeout, retry: patient },
  // Reads the source once; 20 GiB at 10 MB/s.
  scanSource: { startToCloseTimeout: '1h', heartbeatTimeout, retry: patient },
  // Asks registries for digests, pulls base images of up to 20 GB.
  pin: { startToCloseTimeout: '2h', heartbeatTimeout, retry: patient },
  // limits.buildTimeoutMs for the images, and time to stream the context.
  build: { startToCloseTimeout: '90m', heartbeatTimeout, retry: patient },
  // 20 GB images at 10 MB/s.
  scanImages: { startToCloseTimeout: '2h', heartbeatTimeout, retry: patient },
  // 20 GB images over a slow store.
  storeImages: { startToCloseTimeout: '4h', heartbeatTimeout, retry: patient },
  // The largest budget, 24 h, one hour to store the output, and slack; the stage holds the absolute deadline.
  train: { startToCloseTimeout: '26h', heartbeatTimeout, retry: attaching },
  scanOutputs: { startToCloseTimeout: '2h', heartbeatTimeout, retry: patient },
  // As many requests as a run has objects, at most some 100,000.
  upload: { startToCloseTimeout: '1h', heartbeatTimeout, retry: patient },
  // limits.evaluateClosedMs is 10 h; loading the model may take one more.
  evaluate: { startToCloseTimeout: '12h', heartbeatTimeout, retry: attaching },
  score: { startToCloseTimeout: '30m', heartbeatTimeout, retry: patient },
  attest: { startToCloseTimeout: '30m', heartbeatTimeout, retry: patient },
  // Asks the server for a task queue, and the store for the objects of two images.
  route: { startToCloseTimeout: '2m', retry: patient },
  cleanUp: { startToCloseTimeout: '10m', heartbeatTimeout, retry: patient },
};
