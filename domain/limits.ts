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
  /** One line of a suite's file: a prompt of the most characters, each escaped. */
  suiteLineBytes: 8 * MiB,
  /** One prompt: a window of 128,000 tokens has about 512 KiB of text. */
  promptCharacters: 1 * MiB,
  /** A data set's file that questions are made of: V8's longest text has 512 MiB; larger data sets (CNN/DailyMail) come in parts of 300 MiB. */
  dataFileBytes: 500 * MiB,
  dockerfileBytes: 1 * MiB,
  /** One line of a Dockerfile: the contest's longest has 2,000; the parser's time grows faster than the length. */
  dockerfileInstructionCharacters: 64 * KiB,
  /** A registry that is there connects within 100 ms; with the pull's start below, an unreachable one costs at most 3 s. */
  registryConnectMs: 1_500,
  /** Hub registries under load take seconds for a manifest. */
  registryAnswerMs: 20 * second,
  registryPullStartMs: 1_500,
  /** One answer of a package index, to its headers: a mirror that fetches the page itself takes seconds. */
  indexAnswerMs: 30 * second,
  /** Between two portions of an answer; a slow line gives some bytes in a minute. */
  indexSilenceMs: 60 * second,
  /** One whole page or document: 30 MiB come in that time over a line of 2 Mbit/s. */
  indexPageMs: 120 * second,
  /** A transient failure of names or lines passes within 3 s: pauses of 0.2, 0.4, 0.8 and 1.6 s. */
  indexAttempts: 5,
  indexRetryMs: 200,
  /** Package indexes answer within two redirects. */
  indexRedirects: 5,
  /** The largest page of the public index is 10 MiB, the largest document of its JSON API 30 MiB. */
  indexPageBytes: 64 * MiB,
  /** A page younger than this is not asked for again: what it says of a past date changes by yanks and deletions only. */
  indexPageFreshMs: 60 * minute,
  /** The history of a large repository without its files over a slow line. */
  gitHistoryMs: 5 * minute,
  /** METADATA of a wheel, PKG-INFO of an sdist: the largest known have 1 MiB. */
  packageMetadataBytes: 8 * MiB,
  /** An sdist that is read for what it says of itself. */
  sdistBytes: 512 * MiB,
  /** A build of the contest's slowest entry (flash-attn from source) takes 40 minutes on 12 cores. */
  buildTimeoutMs: 60 * minute,
  buildMemoryBytes: 8 * GiB,
  /** Repairs of one image: what is known to break builds comes one or two at a time, and each costs a build. */
  buildRepairs: 5,
  /** One file that ADD names by its address: the largest weights that 2023's entries fetched so have 14 GiB. */
  addedBytes: 20 * GiB,
  /** To the first byte of an answer to a build: hubs prepare large files for half a minute. */
  recordAnswerMs: 60 * second,
  /** Between two portions of an answer to a build. */
  recordSilenceMs: 60 * second,
  /** Bodies up to here are hashed in memory, larger ones on disk: nine of ten answers to pip and apt are smaller. */
  recordMemoryBytes: 64 * KiB,
  /** What is read of a connection at once: TLS comes in records of 16 KiB, and each portion costs calls. */
  recordPortionBytes: 128 * KiB,
  /** Portions that go to disk at once: fewer calls, and 32 downloads side by side hold 8 MiB. */
  recordWriteBytes: 256 * KiB,
  /** A body whose asker went away is read on to its end if no more than this is left: else a replay could not answer it. */
  recordAbandonedBytes: 64 * MiB,
  /** What is still under way when a build has ended gets this long. */
  recordSettleMs: 10 * second,
  /** Bodies on their way to the object store at once. */
  recordUploads: 4,
  /** From here on a body goes to the object store in parts. */
  recordLargeBytes: 16 * MiB,
  /** Above this share of the proxy's time, bodies on their way to the store wait for answers that are passing. */
  recordBusyShare: 0.6,
  /** Before each of their portions; servers end connections that are silent for 20 s. */
  recordYieldMs: 250,
  /** Requests of one build: the largest of the contest's takes about 3,000. */
  recordedRequests: 100_000,
  /** What a build took in is durable after this. */
  recordJournalMs: 1 * second,
  /** A text file whose difference between two images is looked into. */
  compareTextBytes: 4 * MiB,
  /** Processes in one container: PyTorch's data loaders and BLAS threads stay below 500. */
  containerPids: 2_048,
  shmBytes: 2 * GiB,
  /** What a server may keep in /tmp, in memory: compiled kernels and caches stay below 1 GiB. */
  scratchBytes: 4 * GiB,
  /** What a container may write into its root, or a step of a build in one go: the largest images of the contest have 60 GiB. */
  rootBytes: 100 * GiB,
  /** How often a container's disk and processes are looked at: writing 100 GiB takes minutes. */
  excessPollMs: 2 * second,
  /** Docker's own copy of a container's log; the whole log is in the store. */
  engineLogBytes: 64 * MiB,
  /** The contest's time for its open and closed stages. */
  evaluateOpenMs: 300 * minute,
  evaluateClosedMs: 600 * minute,
  /** The contest waited a fixed 120 s; 2023's largest servers load for minutes. */
  readyTimeoutMs: 10 * minute,
  questionTimeoutMs: 120 * second,
  questionAttempts: 3,
  /** Most requests in flight, where a server proves to be parallel: twice what HELM's users take, and 64 x replyBytes fits the worker. */
  questionsInFlightMost: 64,
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
  /** Between two looks: short, as every run waits for it twice. */
  readyPauseMs: 200,
  /** Between two questions for the processes of a container whose first one is not to be seen; each starts a program on the engine's host. */
  missedEndLookMs: 5 * second,
  /** Between two questions for a program of ours in a container that prints nothing: most end within one. */
  execLookMs: 3 * second,
  /** So long after a build failed its network may still turn out to be gone: the engine tells of a container's end within half of it. */
  relayLossMs: 1 * second,
  /** Grace between SIGTERM and SIGKILL. */
  stopGraceMs: 10 * second,
  /** A guard is a shell that sleeps; listing 100,000 checkpoint files takes 20 MiB. */
  guardMemoryBytes: 64 * MiB,
  /** A guard stops later than the worker would: it counts from the process's own start, and the engine stamps it up to a second later. */
  guardAfterMs: 1 * second,
  /** An end by the guard is the deadline's where it came at most so long before it, for the same reason. */
  guardSlackMs: 3 * second,
  /** A deadline that moved by less is not worth another guard: deadlines are kept within 2 s. */
  guardToleranceMs: 500,
  /** A training that is killed by nobody we know goes on so often: accidents do not come in fours, and a training that kills itself is told. */
  trainingLivesKilled: 3,
  /** So often a training steps back for one that runs and lost its attempt: half a minute, while that one tries again within 5 s. */
  trainingYields: 10,
  /** The engine ends what its restart finds running within its own stop timeout, 10 s, or while it starts. */
  engineRestoreMs: 30 * second,
  /** An engine that has started takes up to so long to listen to what it finds running, on a machine that is busy. */
  engineHearsMs: 5 * second,
  /** How often a checkpoint directory is listed; what is the same in two looks is kept. A 70B checkpoint takes minutes to write. */
  checkpointLookMs: 15 * second,
  /** What changed in so many looks in a row is not waited for any longer, but read at one moment: a training that keeps its state every few seconds. */
  checkpointRestlessLooks: 4,
  /** The next time after ten minutes: what the loss of a machine costs then, against what stays in the store of a day. */
  checkpointAgainLooks: 40,
  /**
   * What never holds still is copied on its own disk, and counts where it did not change meanwhile: 13 GiB pass in 30 s on a busy disk of
   * 440 MB/s, any size at once where files share blocks (XFS, Btrfs). What is written anew faster than this is not kept, and that is said.
   */
  checkpointCopyMs: 120 * second,
  /** Largest checkpoint directory that is kept: weights and optimiser state of a 13B model in 16 bits. */
  checkpointBytes: 200 * GiB,
  checkpointFiles: 20_000,
  /** Between two looks at what a training uses; the engine's figures cost it a second. */
  activityLookMs: 20 * second,
  /** Between two looks at whether a training's way out is open: clients try again for longer. */
  connectionLookMs: 3 * second,
  /** Between two looks at what a training has on disk: a fast disk takes 20 GB in it, and freeDiskBytes is not all there is. */
  diskLookMs: 10 * second,
  /** A process that waits in a loop stays below this share of one CPU or of a device. */
  idleShare: 0.01,
  /** Between two looks at whether a GPU is in order. */
  deviceLookMs: 1 * minute,
  /** Between two looks at what ended runs left in the engine: the run's own clean-up is the rule. */
  orphanSweepMs: 10 * minute,
  /** From the signal to a worker's end: its activities let go within seconds, and systemd would kill it after 90. */
  workerEndMs: 20 * second,
  /** A device that an attempt took and did not use: the attempt died between the two. */
  deviceLeaseMs: 2 * minute,
  /** Part of the log's end that is read for why a training failed. */
  logTailBytes: 256 * KiB,
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
  /** Archives in archives: the deepest in the contest is 3. */
  scanDepth: 8,
  /** Entries in one file of a submission with all that it nests: a full conda environment, packed, has about 100,000. */
  scanEntries: 500_000,
  /** What one file unpacks to in all; 16 GiB are read in two minutes. */
  scanUnpackedBytes: 16 * GiB,
  /** Text and logs pack 5 to 20 times; more than this, from scanRatioFromBytes on, is a bomb. Deflate reaches 1,032. */
  scanRatio: 250,
  scanRatioFromBytes: 64 * MiB,
  /** A larger file is no submission's; sparse files of terabytes cost nothing to make. */
  scanFileBytes: 200 * GiB,
  /** A nested zip is read from memory up to here, from the scratch directory above. */
  scanMemoryBytes: 8 * MiB,
  /** A clone in an archive or a layer: git reads its pack from the scratch directory. */
  scanPackBytes: 4 * GiB,
  /** Indexing 4 GiB takes two minutes; a pack made to be slow is given up. */
  scanPackMs: 10 * minute,
  /** Reports of files from this size on are kept, so that a repeated scan reads what is left: a second's work each. */
  scanKeptBytes: 64 * MiB,
  /** Notebooks are decoded as a whole. */
  scanNotebookBytes: 64 * MiB,
  /** Text files above this are data; with a secret in one, it blocks publication instead of being rewritten. */
  publishTextBytes: 32 * MiB,
  /** Secrets of one submission that are replaced wherever they stand: each costs 100 KiB of look-up table; the contest's worst has 12. */
  publishValues: 1_000,
  /** Shorter secrets are replaced only where a rule tells them: `admin1` stands in other words. */
  publishEverywhereCharacters: 16,
  /** What stands in an attestation of why a gate is closed; the reports have all of it. */
  gateItems: 100,
  /** A report above this is nobody's to read; it is then called incomplete. */
  scanFindings: 20_000,
  scanReasons: 200,
  /** Files read at once: hides the latency of opening them. */
  scanFilesInFlight: 6,
  /** A value of an operator's secret: tokens have 20 to 200 characters, a private key of 4,096 bits 3,300; a shorter one stands in texts by chance. */
  secretBytes: 4 * KiB,
  secretCharacters: 8,
  /** Values that were given for a run whose end nobody saw (its workflow was terminated) are removed after so long; the longest run takes three days. */
  secretsKeptMs: 7 * 24 * 60 * minute,
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
  /** A JSON document of training data is held whole; V8's longest string has 512 Mi characters. JSONL has no limit. */
  trainingJsonBytes: 400 * MiB,
  /** A line of training data is looked through in parts of this size; a record of a fine-tuning set is below 1 MiB. */
  trainingLineCharacters: 16 * MiB,
  /** A paragraph of plain text is looked through in parts of this size; n-grams over the border count. */
  trainingTextCharacters: 64 * KiB,
  /** A judge model's reply: its reasons in some hundred words. */
  judgeReplyBytes: 256 * KiB,
  /** One judgement: a slow local model with a long prompt takes a minute. */
  judgeTimeoutMs: 180 * second,
  /** Transient refusals of a judge end within 15 s: pauses of 1, 2, 4 and 8 s. */
  judgeAttempts: 5,
  judgeRetryMs: 1 * second,
  /** Requests to one judge at a time: hosted models refuse more of small accounts. */
  judgeRequestsInFlight: 4,
} as const;
