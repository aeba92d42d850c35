const KiB = 1024;
const MiB = 1024 ** 2;
const GiB = 1024 ** 3;
const second = 1_000;
const minute = 60_000;

/** Every limit of the platform with its reason. Timeouts and retries of activities stand in workflows/policy.ts. */
export const limits = {
  /** Largest source: the contest's entries are below 1 GiB; weights come from a hub. */
  sourceBytes: 20 * GiB,
  /** Most files of a source: a full conda environment has about 100,000. */
  sourceFiles: 200_000,
  /** Largest training output: a 70B model in 4 bits is 40 GiB. */
  outputBytes: 100 * GiB,
  outputFiles: 50_000,
  manifestBytes: 64 * KiB,
  dockerfileBytes: 1 * MiB,
  /** One line of a Dockerfile: the contest's longest has 2,000; the parser's time grows faster than the length. */
  dockerfileInstructionCharacters: 64 * KiB,
  /** A build of the contest's slowest entry (flash-attn from source) takes 40 minutes on 12 cores. */
  buildTimeoutMs: 60 * minute,
  buildMemoryBytes: 8 * GiB,
  /** Processes in one container: PyTorch's data loaders and BLAS threads stay below 500. */
  containerPids: 2_048,
  shmBytes: 2 * GiB,
  /** Open files in one container: data loaders that share tensors by descriptor need more than the usual 1,024. */
  containerOpenFiles: 65_536,
  /** Docker's own copy of a container's log; the whole log is in the store. */
  engineLogBytes: 64 * MiB,
  /** The contest's time for its open and closed stages. */
  evaluateOpenMs: 300 * minute,
  evaluateClosedMs: 600 * minute,
  /** The contest waited a fixed 120 s; 2023's largest servers load for minutes. */
  readyTimeoutMs: 10 * minute,
  /** Requests in flight: most servers of the contest are serial, and more only queue. */
  questionsInFlight: 4,
  questionTimeoutMs: 120 * second,
  questionAttempts: 3,
  /** Most requests in flight, where a server proves to be parallel: HELM's own users go to 30, and 32 x replyBytes fits the worker. */
  questionsInFlightMost: 32,
  /** Pause after a failed attempt, doubled each time: a server under load recovers, and 20 failing items cost seconds, not minutes. */
  questionRetryMs: 500,
  questionRetryMostMs: 5 * second,
  /** Connection failures in a row after which a server that still runs counts as dead: about 50 s of pauses. */
  connectionFailures: 12,
  /** Restarts of a server that dies while asked: room for two questions that kill it, three tries each. */
  serverRestarts: 6,
  /** The closed stage's serving log is held in memory until it is sealed. */
  sealedLogBytes: 16 * MiB,
  /** The contest's reply is four levels deep. */
  replyDepth: 32,
  /** A reply of 2,048 tokens with log probabilities is below 1 MiB. */
  replyBytes: 4 * MiB,
  /** How often a running container is looked at: a deadline is kept within this. */
  containerPollMs: 1 * second,
  /** One look at a starting server; a model that loads lets connections wait. */
  readyProbeMs: 5 * second,
  /** Grace between SIGTERM and SIGKILL. */
  stopGraceMs: 10 * second,
  logChunkBytes: 1 * MiB,
  logChunkMs: 2 * second,
  logLineBytes: 16 * KiB,
  /** Most that is kept of one stage's log: a container can write 3 GB in 16 s. What comes after is counted, not kept. */
  logBytes: 1 * GiB,
  /** Part of the last log line that travels in heartbeats and failure messages. */
  lastLineCharacters: 200,
  /** Temporal cuts failure messages at 4 KB. */
  failureMessageCharacters: 2_000,
  /** Objects read at once by attest, audit and export: hides the store's latency, and hashing needs no more than a few cores. */
  storeReadsInFlight: 16,
  /** Free disk below which nothing is started. */
  freeDiskBytes: 5 * GiB,
  /** A part of the local stack that died is back within 5 s: it starts again after 1 s, and after at most 3 s where it dies at once. */
  partRestartMs: 1 * second,
  partRestartMostMs: 3 * second,
  /** A part that ran for so long did not die at once. */
  partSettledMs: 10 * second,
  /** A worker lets go of its containers in 3 s; the Temporal server closes its database in less than 10 s. */
  partStopGraceMs: 20 * second,
  /** Readiness of a part: the Temporal server makes its tables at the first start, 10 s on two busy cores. */
  partReadyMs: 90 * second,
  /** One part's log before it is turned over; one older file is kept. */
  partLogBytes: 16 * MiB,
  /** A registry that has said nothing for so long is not there. */
  registryAnswerMs: 20 * second,
} as const;
