import type { Fault } from './stage.ts';

export interface FailureRow {
  fault: Fault;
  /** Whether Temporal tries the activity again; only what may pass by itself. */
  retryable: boolean;
  nextStep: string;
}

/** Every expected failure. `npm run docs` prints this table into docs/failures.md. */
export const failures = {
  REQUEST_INVALID: row('operator', 'Correct what is named; `--help` of the command and docs/request.md say what it takes.'),
  SOURCE_NOT_FOUND: row('operator', 'Check the path or the address and the ref of the source.'),
  SOURCE_UNREADABLE: row('submission', 'Repack the source as a directory, a .zip or a .tar.gz that its own tool unpacks without a warning.'),
  SOURCE_UNSAFE_PATH: row('submission', 'Remove the named entry: it would be written outside the submission.'),
  SOURCE_TOO_LARGE: row('submission', 'Leave out data and weights, or fetch them while training; the limits are in `reprise doctor`.'),
  NO_DOCKERFILE: row('submission', 'Add a Dockerfile, or name it with --dockerfile; `reprise check` shows what is found.'),
  SEVERAL_SUBMISSIONS: row('operator', 'Pick one of the listed directories with --submission, or start each of them.'),
  MANIFEST_INVALID: row('submission', 'Correct the named line of reprise.yaml.'),
  SECRET_MISSING: row('operator', 'Give the named secret: `--secret NAME` takes the value of that environment variable, `--secret NAME=@FILE` a file’s.'),
  SECRET_EXPOSED: row('submission', 'Use the named secret without writing it down: not into the image, the output, or a file that is packed or binary.'),
  SUITE_INVALID: row('operator', 'Correct what is named; `reprise suite lint <dir>` lists everything that is wrong with a suite.'),
  SUITE_KEY_MISSING: row('operator', 'Put the suite key where the configuration names it; `reprise up` makes one.'),
  SIGNING_KEY_MISSING: row('operator', 'Put the Ed25519 signing key where the configuration names it; `reprise up` makes one.'),
  HELM_RUN_INVALID: row('operator', 'Name the directory of one run of HELM 0.5 (runs/<suite>/<run>) that ended, or run it again.'),
  JUDGE_UNAVAILABLE: row('operator', 'Check the address, the model and the secret of the named judge.'),
  TRACK_UNAVAILABLE: row('operator', 'Start a worker on a machine with the GPU of this track, or choose --track cpu.'),

  NOT_PUBLISHABLE: row('submission', 'Take the secret out and run again, publish a copy without it (`reprise publish`), or accept the finding: --accept FINGERPRINT=REASON.'),

  DOCKERFILE_UNSUPPORTED: row('operator', 'BuildKit takes the named line and recorded builds do not: nothing is wrong with the submission. Say it as the message tells; `reprise check` names every such line.'),
  DOCKERFILE_INVALID: row('submission', 'Correct the named line of the Dockerfile; `reprise check` shows it in context.'),
  BASE_IMAGE_UNAVAILABLE: row('submission', 'Name a base image that exists, or let the operator map it with REPRISE_IMAGE_MAP.'),
  REGISTRY_UNREACHABLE: row('platform', 'Nothing to correct in the submission; the pull is tried again. REPRISE_IMAGE_MAP names an image that stands in for it.', true),
  PACKAGE_INDEX_UNREACHABLE: row('platform', 'Nothing to correct in the submission; the package index is asked again. REPRISE_PIP_INDEX_URL names another one.', true),
  PREDICTION_UNAVAILABLE: row('operator', 'Put the program `uv` on PATH (`pip install uv`); only predictions need it.'),

  BUILD_COPY_MISSING: row('submission', 'Add the named file to the build context, or take it out of .dockerignore.'),
  BUILD_PACKAGE_MISSING: row('submission', 'Pin the named package to a version that exists for this base image.'),
  BUILD_STEP_FAILED: row('submission', 'Read the build log at the named line; the same Dockerfile must build on a clean machine.'),
  BUILD_PACKAGE_BROKEN: row('submission', 'Pin the named package to a version that builds with the tools of today, or pin the tools that it needs.'),
  BUILD_TOOL_MISSING: row('submission', 'Name a base image that has the compiler, headers or CUDA toolkit, or a version of the package that has a wheel.'),
  BUILD_CONFLICT: row('submission', 'Name versions that fit together; the log says which of them do not.'),
  BUILD_TIMEOUT: row('submission', 'Make the build shorter: move downloads and compilation into the base image or the training.'),
  BUILD_OUT_OF_MEMORY: row('submission', 'Lower the parallelism of the build (MAX_JOBS=1), or install a wheel instead of compiling.'),
  BUILD_NETWORK_REFUSED: row('submission', 'Fetch over HTTP or HTTPS, through the proxy that http_proxy and https_proxy name: nothing else can be recorded.'),
  BUILD_TLS_REFUSED: row('operator', 'The named program trusts its own authorities only; REPRISE_RECORD_BUILDS=off builds without a recording.'),
  RECORDING_UNAVAILABLE: row('operator', 'Run the worker on the machine of the Docker engine, in its network, or set REPRISE_RECORD_BUILDS=off.'),
  REPLAY_MISSING_REQUEST: row('submission', 'The build asks for something else each time; fix the named address, or record anew with --fresh.'),
  BUILD_NETWORK: row('platform', 'Nothing to correct in the submission; the build is tried again.', true),

  TRAIN_EXIT: row('submission', 'Read the end of the training log; the command must exit 0.'),
  TRAIN_OUT_OF_MEMORY: row('submission', 'Lower the batch size or the sequence length; the track gives no more memory.'),
  TRAIN_CUDA_OUT_OF_MEMORY: row('submission', 'Lower the batch size or the sequence length, or quantise: the device of the track has no more memory.'),
  TRAIN_STALLED: row('submission', 'Find out what the training waits for: no log line, checkpoint, CPU or GPU activity came for the time that the track allows.'),
  TRAIN_DISK_QUOTA: row('submission', 'Write less: delete old checkpoints and downloads while training; the limit is in the message.'),
  TRAIN_TIMEOUT: row('submission', 'Train less, or write the model to /output before the budget ends.'),
  TRAIN_OUTPUT_MISSING: row('submission', 'Write the model to the directory named by OUTPUT_DIR.'),
  OUTPUT_UNSAFE: row('submission', 'Write only plain files and directories to OUTPUT_DIR.'),
  OUTPUT_TOO_LARGE: row('submission', 'Write only the model to OUTPUT_DIR; checkpoints belong to /checkpoints.'),
  HOST_OUT_OF_MEMORY: row('platform', 'Nothing to correct in the submission; the training goes on from its checkpoint. The operator gives the host more memory, or less work.', true),
  GPU_LOST: row('platform', 'Nothing to correct in the submission. The operator resets the named device or takes it out; `reprise doctor` shows it.', true),
  ENGINE_LOST_CONTAINER: row('platform', 'Nothing to correct in the submission; the training goes on from its checkpoint with the budget that is left.', true),
  GUARD_IMAGE_MISSING: row('platform', 'Have the named image in the engine (`reprise up` does), or map it with REPRISE_IMAGE_MAP.', true),
  RUN_CANCELLED: row('operator', 'Nothing is wrong with the submission; `reprise retry` starts it again with what was stored.'),
  WORKER_LOST: row('platform', 'Nothing to do: the worker was killed, and the next one goes on where it was.', true),
  SLOT_TAKEN: row('platform', 'Nothing to do: the named training goes on first; `reprise list` shows it.', true),
  ATTEMPT_SUPERSEDED: row('platform', 'Nothing to do: a newer attempt of the same stage has taken over.', true),
  DISK_LIMIT: row('submission', 'Write less: the limit is in `reprise doctor`; large intermediate files can be removed as the work goes on.'),
  PROCESS_LIMIT: row('submission', 'Start fewer processes and threads; the limit is in `reprise doctor`.'),
  RELAY_UNAVAILABLE: row('operator', 'Run `reprise up` on this host: it gets the base image that the platform’s own containers run in.'),
  RELAY_LOST: row('platform', 'Nothing to do: the platform’s own way to a build or a server was ended by something outside; the stage is tried again.', true),
  GPU_RUNTIME_MISSING: row('platform', 'The operator installs the NVIDIA container toolkit on this host; `reprise doctor` shows the devices.'),

  SERVE_EXITED: row('submission', 'Read the serving log; the server must run until it is stopped.'),
  SERVE_NOT_READY: row('submission', 'Listen on 0.0.0.0 at the declared port within the declared time.'),
  SERVE_NO_USABLE_ANSWER: row('submission', 'Answer POST /process with {"text": …}; the reasons are counted in the stage.'),

  IMAGE_GONE: row('platform', 'Run `reprise retry`; the image is built again.', true),
  ENGINE_UNREACHABLE: row('platform', '`reprise doctor` shows whether the Docker engine runs; the work continues when it is back.', true),
  STORE_UNREACHABLE: row('platform', '`reprise doctor` shows whether the object store runs; the work continues when it is back.', true),
  STORE_CORRUPT: row('platform', 'An object does not have the hash of its key; restore it from a copy and run `reprise audit`.'),
  DISK_FULL: row('platform', 'Free disk space; `reprise doctor` shows how much is needed.', true),
  PLATFORM_ERROR: row('platform', 'Run `reprise retry`; if it comes again, report it with the log.', true),
} as const satisfies Record<string, FailureRow>;

export type FailureCode = keyof typeof failures;

export function isFailureCode(code: unknown): code is FailureCode {
  return typeof code === 'string' && Object.hasOwn(failures, code);
}

function row(fault: Fault, nextStep: string, retryable = false): FailureRow {
  return { fault, retryable, nextStep };
}
