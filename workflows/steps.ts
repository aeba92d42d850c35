import { ApplicationFailure, CancellationScope } from '@temporalio/workflow';
import type { ReproductionRequest, StageName, SuiteStage } from '../domain/index.ts';
import {
  workflowQueue,
  type Activities,
  type AttestInput,
  type ImageReference,
  type IntakeResult,
  type PinResult,
  type ScanResult,
  type ScoreInput,
  type StageRun,
} from './contract.ts';
import { attempt, enterScore, introduce, perform, skip, type Ledger } from './ledger.ts';
import { activity, onHost, unlessGone, type Place } from './place.ts';

/** One run on its way through the chain. `evidence` grows and is attested however far the chain came. */
export interface Reproduction {
  request: ReproductionRequest;
  intake: IntakeResult;
  ledger: Ledger;
  place: Place;
  evidence: Pick<AttestInput, 'images' | 'scans' | 'scores'>;
}

export async function takeIn(request: ReproductionRequest, ledger: Ledger): Promise<IntakeResult> {
  const take = activity('intake', lightQueue(request), 'Taking a snapshot of the source');
  const intake = await perform(ledger, 'intake', () => take({ ...stageRunOf(request, ledger), request }));
  introduce(ledger, intake.submission);
  return intake;
}

/** A scan decides about publication, not about the run: where it fails, the gate stays closed and the chain goes on. */
export async function scanSource(reproduction: Reproduction): Promise<void> {
  const { submission } = reproduction.intake;
  const scan = activity('scanSource', lightQueue(reproduction.request), `Secrets in the source of ${submission.name}`);
  await scanStage(reproduction, 'scan-source', () => scan({ ...stageRun(reproduction), submission }));
}

export async function pinDependencies(reproduction: Reproduction): Promise<PinResult> {
  const { submission } = reproduction.intake;
  const summary = `Dependencies of ${submission.name} as of ${submission.asOf.date.slice(0, 10)}`;
  return perform(reproduction.ledger, 'pin', () => onHost(reproduction, 'pin', summary, (pin) => pin({ ...stageRun(reproduction), submission })));
}

export async function buildImages(reproduction: Reproduction, pin: PinResult): Promise<ImageReference[]> {
  const { submission } = reproduction.intake;
  const build = (): ReturnType<Activities['build']> => onHost(reproduction, 'build', `Images of ${submission.name}`, (work) => work({ ...stageRun(reproduction), submission, pin }));
  const { images } = await perform(reproduction.ledger, 'build', build);
  reproduction.evidence.images = images;
  return images;
}

/** Runs beside the training, which does not depend on it. */
export async function scanImages(reproduction: Reproduction, images: ImageReference[]): Promise<void> {
  const summary = `Secrets in ${images.length} images`;
  await scanStage(reproduction, 'scan-images', () => onHost(reproduction, 'scanImages', summary, (scan) => scan({ ...stageRun(reproduction), images })));
}

/** Runs beside the training as well: it takes as long as the images are large, and a host that did not build them loads them from there. */
export async function storeImages(reproduction: Reproduction, images: ImageReference[]): Promise<void> {
  const summary = `Keeping ${images.length} images in the store`;
  await perform(reproduction.ledger, 'store-images', () => onHost(reproduction, 'storeImages', summary, (store) => store({ ...stageRun(reproduction), images })));
}

/** SHA-256 of the output's tree, undefined for a submission that only serves. */
export async function trainModel(reproduction: Reproduction, images: ImageReference[]): Promise<string | undefined> {
  const { submission } = reproduction.intake;
  const image = images.find(({ role }) => role === 'train');
  if (!image) {
    skip(reproduction.ledger, 'train', 'the submission has no training image');
    return undefined;
  }
  const summary = `${submission.name} on ${submission.track}`;
  const { output, scan } = await perform(reproduction.ledger, 'train', () => onHost(reproduction, 'train', summary, (train) => train({ ...stageRun(reproduction), submission, image })));
  if (scan) reproduction.evidence.scans.push({ stage: 'train', ...scan });
  return output;
}

export async function scanOutput(reproduction: Reproduction, output: string | undefined): Promise<void> {
  if (output === undefined) return skip(reproduction.ledger, 'scan-outputs', 'nothing was trained');
  const scan = activity('scanOutputs', lightQueue(reproduction.request), `Secrets in the output of ${reproduction.intake.submission.name}`);
  await scanStage(reproduction, 'scan-outputs', () => scan({ ...stageRun(reproduction), output }));
}

/** Each stage stored what it made; before anything is asked of it, all of it is looked up in the store. */
export async function uploadArtifacts(reproduction: Reproduction): Promise<void> {
  const { intake, ledger } = reproduction;
  const upload = activity('upload', lightQueue(reproduction.request), `Artifacts of ${intake.submission.name}`);
  await perform(ledger, 'upload', () => upload({ ...stageRun(reproduction), artifacts: ledger.artifacts }));
}

/** The stage's answers, or none where the suite has no such stage. */
export async function evaluate(
  reproduction: Reproduction,
  stage: SuiteStage,
  images: ImageReference[],
  output: string | undefined,
): Promise<ScoreInput['evaluations']> {
  const { intake, ledger } = reproduction;
  const { submission, suite, suiteStages } = intake;
  if (!suiteStages.includes(stage)) {
    skip(ledger, `evaluate-${stage}`, `the suite has no ${stage} stage`);
    return [];
  }
  const image = images.find(({ role }) => role === 'serve');
  if (!image) throw ApplicationFailure.nonRetryable('the build gave no serving image', 'PLATFORM_ERROR');
  const input = { ...stageRun(reproduction), stage, submission, image, suite, ...(output === undefined ? {} : { output }) };
  const summary = `${submission.name} answers the ${stage} questions`;
  const { answers, scan } = await perform(ledger, `evaluate-${stage}`, () => onHost(reproduction, 'evaluate', summary, (ask) => ask(input)));
  if (scan) reproduction.evidence.scans.push({ stage: `evaluate-${stage}`, ...scan });
  return [{ stage, answers }];
}

export async function scoreAnswers(reproduction: Reproduction, evaluations: ScoreInput['evaluations']): Promise<void> {
  const { intake, ledger, evidence } = reproduction;
  const { submission, suite } = intake;
  const score = activity('score', lightQueue(reproduction.request), `Score of ${submission.name}`);
  const { scores } = await perform(ledger, 'score', () => score({ ...stageRun(reproduction), submission, suite, evaluations }));
  evidence.scores = scores;
  enterScore(ledger, scores);
}

export async function attest(reproduction: Reproduction): Promise<void> {
  const { request, intake, ledger, evidence } = reproduction;
  const { submission, suite } = intake;
  const sign = activity('attest', lightQueue(request), 'Signing what was stored');
  const accept = request.accept ? { accept: request.accept } : {};
  const input = { ...stageRun(reproduction), ...evidence, ...accept, submission, suite, artifacts: ledger.artifacts, stages: ledger.records };
  const { manifestKey } = await perform(ledger, 'attest', () => sign(input));
  ledger.run.manifestKey = manifestKey;
}

export async function cleanUp(reproduction: Reproduction): Promise<void> {
  const input = cleanUpInput(reproduction.request, reproduction.ledger);
  await CancellationScope.nonCancellable(() => unlessGone(reproduction, 'cleanUp', 'Removing containers, networks and volumes', (clean) => clean(input)));
}

/** For a request that was not taken in: the values of its secrets are removed all the same. */
export async function forgetSecrets(request: ReproductionRequest, ledger: Ledger): Promise<void> {
  if (request?.secrets === undefined) return;
  const clean = activity('cleanUp', lightQueue(request), 'Removing the values of the secrets');
  await CancellationScope.nonCancellable(() => clean(cleanUpInput(request, ledger)));
}

function cleanUpInput(request: ReproductionRequest, { run }: Ledger): Parameters<Activities['cleanUp']>[0] {
  return { run: run.run, ...secretsOf(request) };
}

async function scanStage(reproduction: Reproduction, stage: StageName, scan: () => ReturnType<Activities['scanSource']>): Promise<void> {
  const result: ScanResult | undefined = await attempt(reproduction.ledger, stage, scan);
  reproduction.evidence.scans.push({ stage, complete: result?.complete ?? false, blocking: result?.blocking ?? 0 });
}

function stageRun({ request, ledger }: Reproduction): StageRun {
  return stageRunOf(request, ledger);
}

function stageRunOf(request: ReproductionRequest, { run }: Ledger): StageRun {
  return { run: run.run, workflowId: run.workflowId, fresh: request?.fresh === true, ...secretsOf(request) };
}

function secretsOf(request: ReproductionRequest): Pick<StageRun, 'secrets'> {
  return request?.secrets === undefined ? {} : { secrets: request.secrets };
}

/** Any worker does light work; a run with secrets stays with the one machine that has their values. */
function lightQueue(request: ReproductionRequest): string {
  return request?.secrets?.queue ?? workflowQueue;
}
