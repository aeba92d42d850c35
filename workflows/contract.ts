import type {
  Acceptance,
  AnswerCounts,
  Artifact,
  FailedOutcome,
  GivenSecrets,
  ImageRecording,
  ImageRepairs,
  ReproductionRequest,
  RunScores,
  Spent,
  StageCost,
  StageName,
  StageOutcome,
  Submission,
  SuiteStage,
  TrackName,
} from '../domain/index.ts';

/** Given to every stage: which run it works for, and whether it may take a stored result. */
export interface StageRun {
  run: string;
  workflowId: string;
  fresh: boolean;
  /** Where the values lie that were given for the run; only for stages of the machine that has them. */
  secrets?: GivenSecrets;
  /** What its attempts spent before it was given out anew, as on another host. */
  spent?: Spent;
}

export interface ImageReference {
  role: 'serve' | 'train';
  /** Image id (`sha256:…` of its configuration), the same on every host. */
  id: string;
  sizeBytes: number;
}

export interface Queues {
  /** Docker work of this run: build, image scans, serving. */
  host: string;
  /** Training: one container at a time. */
  train: string;
}

/** What was found in what a stage stores, and is masked there; it blocks publication as a scan's findings do. */
export interface MaskedFindings {
  complete: boolean;
  blocking: number;
}

/** Every result lists what it stored, so that the manifest is complete by construction. */
export interface Stored {
  artifacts: Artifact[];
  /** One line for people. */
  summary: string;
}

export interface IntakeResult extends Stored {
  submission: Submission;
  /** SHA-256 of the stored suite (StoredSuite). */
  suite: string;
  suiteStages: SuiteStage[];
  queues: Queues;
}
export interface ScanResult extends Stored {
  complete: boolean;
  blocking: number;
  warnings: number;
}
export interface PinResult extends Stored {
  /** The Dockerfile that the build uses, by role. */
  dockerfiles: { role: 'serve' | 'train'; artifact: Artifact }[];
  /** SHA-256 of pin-report.json. */
  report: string;
}
export interface BuildResult extends Stored {
  images: ImageReference[];
  /** What the builds took in from outside; absent where builds are not recorded. */
  recordings?: ImageRecording[];
  /** How builds were made to hold that broke; absent where none did. */
  repairs?: ImageRepairs[];
}
export interface TrainResult extends Stored {
  /** SHA-256 of the output's tree manifest. */
  output: string;
  startedAt: string;
  endedAt: string;
  durationMs: number;
  /** Absent where nothing was looked for. */
  scan?: MaskedFindings;
}
export interface UploadResult extends Stored {
  objects: number;
  bytes: number;
}
export interface EvaluateResult extends Stored {
  stage: SuiteStage;
  counts: AnswerCounts;
  /** SHA-256 of answers.jsonl. */
  answers: string;
  /** This and what follows: null of the closed stage, where a server could spell questions by them. */
  latencyMs: { p50: number; p95: number } | null;
  tokensPerSecond: number | null;
  /** From the first server that could be asked to the first durable answer. */
  firstAnswerMs: number | null;
  /** Of the answers; absent in results of earlier versions. */
  scan?: MaskedFindings;
}
export interface ScoreResult extends Stored {
  scores: RunScores;
}
export interface AttestResult extends Stored {
  manifestKey: string;
  manifestSha256: string;
  attestationKey: string;
  logSequence: number;
  publishable: boolean;
}

/** What a stage ended with, for the record that attest signs. */
export interface StageRecord {
  name: StageName;
  startedAt: string;
  endedAt: string;
  cached: boolean;
  failure?: FailedOutcome;
  cost?: StageCost;
}

/**
 * The activities by which workflows know the world. `activities/index.ts` satisfies this interface; a platform fault is thrown
 * (and retried by Temporal), everything else that is expected comes back as an outcome.
 */
export interface Activities {
  intake(input: StageRun & { request: ReproductionRequest }): Promise<StageOutcome<IntakeResult>>;
  scanSource(input: StageRun & { submission: Submission }): Promise<StageOutcome<ScanResult>>;
  pin(input: StageRun & { submission: Submission }): Promise<StageOutcome<PinResult>>;
  build(input: StageRun & { submission: Submission; pin: PinResult }): Promise<StageOutcome<BuildResult>>;
  scanImages(input: StageRun & { images: ImageReference[] }): Promise<StageOutcome<ScanResult>>;
  storeImages(input: StageRun & { images: ImageReference[] }): Promise<StageOutcome<Stored>>;
  train(input: StageRun & { submission: Submission; image: ImageReference }): Promise<StageOutcome<TrainResult>>;
  scanOutputs(input: StageRun & { output: string }): Promise<StageOutcome<ScanResult>>;
  upload(input: StageRun & { artifacts: Artifact[] }): Promise<StageOutcome<UploadResult>>;
  evaluate(input: StageRun & EvaluateInput): Promise<StageOutcome<EvaluateResult>>;
  score(input: StageRun & ScoreInput): Promise<StageOutcome<ScoreResult>>;
  attest(input: StageRun & AttestInput): Promise<StageOutcome<AttestResult>>;
  /** Where a run goes on whose work no worker takes: its own host where that has workers, else another that has what it needs. */
  route(input: RouteInput): Promise<Route>;
  /** Removes what the run left in the Docker engine (containers, networks, volumes) and the values of its secrets. Harmless when repeated. */
  cleanUp(input: { run: string; secrets?: GivenSecrets }): Promise<void>;
}

export interface RouteInput {
  run: string;
  track: TrackName;
  queues: Queues;
  /** Ids of its images, without which it cannot move; absent where it is to stay. */
  images?: string[];
}
export interface Route {
  queues: Queues;
  /** Whether the host that was asked about has no worker. */
  isGone: boolean;
}

export interface EvaluateInput {
  stage: SuiteStage;
  submission: Submission;
  image: ImageReference;
  /** Tree of the training's output; absent where the serving image carries its model. */
  output?: string;
  suite: string;
}
export interface ScoreInput {
  submission: Submission;
  suite: string;
  evaluations: { stage: SuiteStage; answers: string }[];
}
export interface AttestInput {
  submission: Submission;
  suite: string;
  images: ImageReference[];
  /** Everything that the stages before stored, the failed ones included. */
  artifacts: Artifact[];
  stages: StageRecord[];
  scans: { stage: StageName; complete: boolean; blocking: number }[];
  /** Findings that the operator accepted. */
  accept?: Acceptance[];
  scores?: RunScores;
}

/** Names by which clients reach the workflow; the `temporal` program and the UI use the same. */
export const workflowType = 'reproduceSubmission';
export const workflowQueue = 'reprise';
export const stageProgressSignal = 'stageProgress';
export const runQuery = 'run';

/** Custom search attributes of the namespace: columns and filters of the UI. `up` creates them. */
export const searchAttributes = {
  submission: 'RepriseSubmission',
  team: 'RepriseTeam',
  track: 'RepriseTrack',
  stage: 'RepriseStage',
  fault: 'RepriseFault',
  status: 'RepriseStatus',
  score: 'RepriseScore',
} as const;

/** The name of one execution, in store keys, container names and on the command line. */
export function runName(workflowId: string, executionId: string): string {
  return `${workflowId}-${executionId.slice(-8)}`;
}
