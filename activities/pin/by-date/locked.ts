import { eq, valid } from '@renovatebot/pep440';
import { cacheKey, LockedStep, mediaTypes, type BuildInput, type LockedImage, type LockedPackage, type PinReport } from '../../../domain/index.ts';
import type { ObjectStore } from '../../io/store.ts';
import { sha256Of } from '../../stage.ts';
import { canonical } from '../pip-specs.ts';
import { exactPin } from './cut-off.ts';
import type { RecordedStep } from './recorder.ts';

export interface BuiltImage {
  role: LockedImage['role'];
  dockerfile: string;
  before: string;
  steps: readonly RecordedStep[];
  /** Line of the submission's Dockerfile by step number. */
  lineOf(step: number): number | undefined;
  /** What pin says of this image; undefined where there is no report. */
  report: PinReport['images'][number] | undefined;
}

/**
 * The lock of a built image. A step whose layer the engine had is locked by what was kept when the layer was made; that of each
 * step that ran is kept now.
 */
export async function lockImage(store: ObjectStore, image: BuiltImage): Promise<LockedImage> {
  const { role, dockerfile, before, report } = image;
  const inputs = (report?.inputs ?? []).filter(({ kind }) => kind === 'pip');
  const steps: LockedStep[] = [];
  for (const step of image.steps.filter(({ text }) => /^RUN\b/i.test(text))) {
    const locked = await lockStep(store, step, image, inputs);
    if (locked.packages.length > 0 || locked.source === 'unknown') steps.push(locked);
  }
  const reasons = [...movedDate(report), ...otherIndexes(inputs), ...steps.flatMap(doubtsOf)];
  return { role, dockerfile, before, fidelity: reasons.length === 0 ? 'faithful' : 'near', reasons, steps };
}

async function lockStep(store: ObjectStore, step: RecordedStep, image: BuiltImage, inputs: readonly BuildInput[]): Promise<LockedStep> {
  const line = image.lineOf(step.number);
  const place = { step: step.number, ...(line === undefined ? {} : { line }), command: step.text.slice(0, 300) };
  const key = step.imageId === undefined ? undefined : cacheKey('build', sha256Of({ lockOf: step.imageId, before: image.before }));
  if (!step.cached) {
    const exact = new Map(inputs.flatMap(({ spec }) => exactPin(spec) ?? []).map(({ name, version }) => [canonical(name), version]));
    const locked: LockedStep = { ...place, source: 'served', packages: packagesOf(step, exact) };
    if (key !== undefined) await store.putIfAbsent(key, Buffer.from(JSON.stringify(locked)), mediaTypes.json);
    return locked;
  }
  const kept = key === undefined ? undefined : await store.get(key);
  if (kept) return { ...LockedStep.parse(JSON.parse(Buffer.from(kept).toString('utf8'))), ...place, source: 'cache' };
  return { ...place, source: inputs.some((input) => input.line === line) ? 'unknown' : 'cache', packages: [] };
}

function packagesOf(step: RecordedStep, exact: ReadonlyMap<string, string>): LockedPackage[] {
  const byFile = new Map(step.files.map((event) => [event.file.filename, event]));
  const packages = [...byFile.values()].map(({ project, version, file, sha256, sizeBytes, doubts, newerYanked }) => ({
    name: project,
    version,
    file: file.filename,
    sha256,
    sizeBytes,
    uploadedAt: file.uploadedAt ?? '',
    ...(step.installed === undefined ? {} : { installed: isInstalled(step.installed, project, version) }),
    // What the submission pins itself was no choice of the resolver.
    doubts: [...doubts, ...(exact.has(project) ? [] : newerYanked)],
  }));
  return packages.sort((a, b) => (a.name === b.name ? (a.file < b.file ? -1 : 1) : a.name < b.name ? -1 : 1));
}

function isInstalled(installed: ReadonlySet<string>, project: string, version: string): boolean {
  return [...installed].some((each) => {
    const dash = each.lastIndexOf('-');
    const [name, number] = [each.slice(0, dash), each.slice(dash + 1)];
    return canonical(name) === project && (number === version || (Boolean(valid(number)) && Boolean(valid(version)) && eq(number, version)));
  });
}

function movedDate(report: BuiltImage['report']): string[] {
  const moved = report?.packages?.moved;
  return moved ? [`the date moved to ${report?.packages?.before}: ${moved.spec} was uploaded ${moved.uploadedAt}`] : [];
}

/** Packages of an index that does not tell times are not as of the date. */
function otherIndexes(inputs: readonly BuildInput[]): string[] {
  return [...new Set(inputs.filter(({ verdict, reason }) => verdict === 'by-recording' && reason?.includes('need not say when')).map(({ line, reason }) => `line ${line}: ${reason}`))];
}

function doubtsOf(step: LockedStep): string[] {
  if (step.source === 'unknown') return [`step ${step.step}: its layer was in the engine already, and what it took in was not kept`];
  return step.packages.filter(({ installed }) => installed !== false).flatMap(({ name, doubts }) => doubts.map((doubt) => `${name}: ${doubt}`));
}
