import type { ApplicationFailure } from '@temporalio/common';
import { cacheKey, ImageRepairs, limits, mediaTypes, type FailureCode, type Fidelity, type RepairAttempt } from '../../../domain/index.ts';
import { failure } from '../../failure.ts';
import { putBlob } from '../../io/blobs.ts';
import type { ObjectStore } from '../../io/store.ts';
import { sha256Of } from '../../stage.ts';
import type { BuildEnd } from '../classify.ts';
import { applyRepairs, type PlacedRepair, type RepairedDockerfile } from './apply.ts';
import { breakagesIn, type Breakage } from './breakages.ts';
import type { Facts } from './facts.ts';
import { planRepair } from './plan.ts';

/** One build of one Dockerfile, come to its end. */
export type BuildTry<Built> = { status: 'built'; built: Built } | FailedTry;

export interface FailedTry {
  status: 'failed';
  failure: ApplicationFailure;
  end: BuildEnd;
  /** Line of the Dockerfile that was built where the failing instruction begins; undefined where none was begun. */
  pinnedLine: number | undefined;
  /** Line of the submission's own. */
  line: number | undefined;
}

export interface Repairable<Built> {
  store: ObjectStore;
  role: ImageRepairs['role'];
  dockerfile: string;
  /** What decides the build; a later run of the same begins with the repairs that made it hold. */
  inputs: unknown;
  /** The pinned Dockerfile, and the instant of which it sees the package index. */
  pinned: string;
  before: string | undefined;
  /** Whether repairs of an earlier run are taken up. */
  remembered: boolean;
  /** Whether what fails may be repaired; a replay may not. */
  repairing: boolean;
  build(dockerfile: string): Promise<BuildTry<Built>>;
  factsOf(breakage: Breakage): Promise<Facts>;
  /** Tells of each attempt: in the build's log, and to whoever watches. */
  say(message: string): Promise<void>;
}

/** Only these are known by what a step says; everything else is nobody's but the submission's, or passes by itself. */
const repairable = new Set<FailureCode>(['BUILD_PACKAGE_MISSING', 'BUILD_STEP_FAILED', 'BUILD_TOOL_MISSING', 'BUILD_CONFLICT', 'BUILD_PACKAGE_BROKEN']);

interface Course {
  kept: PlacedRepair[];
  attempts: RepairAttempt[];
}

/**
 * Builds, and where a step fails for a cause that the table knows, builds again with the repair of it: at most
 * `limits.buildRepairs` times. A repair after which the very same step fails in the same way is taken back. Failures: that of
 * the last build, with what was tried.
 */
export async function buildRepairing<Built>(work: Repairable<Built>): Promise<{ built: Built; repairs: ImageRepairs | undefined }> {
  const course: Course = (work.remembered && (await readCourse(work))) || { kept: [], attempts: [] };
  let open: { repair: PlacedRepair; attempt: Omit<RepairAttempt, 'result'> } | undefined;
  for (;;) {
    const repaired = applyRepairs(work.pinned, open ? [...course.kept, open.repair] : course.kept, work.before);
    const outcome = await work.build(repaired.text);
    if (open) course.attempts.push({ ...open.attempt, result: resultOf(outcome, open, repaired) });
    if (open && course.attempts.at(-1)?.result !== 'no-help') course.kept.push(open.repair);
    if (outcome.status === 'built') return { built: outcome.built, repairs: await keptCourse(work, course, repaired) };
    const next = await nextRepair(work, outcome, repaired, course.attempts);
    if ('refused' in next) throw withAttempts(outcome.failure, course.attempts, next.refused);
    open = next;
    const { attempt, repair, change, fidelity } = next.attempt;
    await work.say(`repair ${attempt} of ${limits.buildRepairs}: ${repair} (${fidelity}): ${change}`);
  }
}

async function nextRepair<Built>(work: Repairable<Built>, failed: FailedTry, repaired: RepairedDockerfile, attempts: readonly RepairAttempt[]) {
  const pinnedLine = failed.pinnedLine === undefined ? undefined : repaired.pinnedLineOf(failed.pinnedLine);
  if (!work.repairing || pinnedLine === undefined || !isRepairable(failed)) return { refused: undefined };
  const breakages = breakagesIn(failed.end.lines);
  const known = [];
  for (const breakage of breakages) known.push({ breakage, facts: await work.factsOf(breakage) });
  const plan = planRepair(known, attempts.map(({ repair, change }) => ({ id: repair, what: change })));
  if (plan.status === 'none') return { refused: plan.breakage ? `${plan.breakage.row.breakage}, and is not repaired: ${plan.why}` : undefined };
  if (attempts.length >= limits.buildRepairs) return { refused: `${limits.buildRepairs} repairs are the most that are tried` };
  const { repair, breakage } = plan;
  return {
    repair: { ...repair, line: pinnedLine },
    attempt: {
      attempt: attempts.length + 1,
      repair: repair.id,
      breakage: breakage.row.breakage,
      ...(failed.line === undefined ? {} : { line: failed.line }),
      log: breakage.log,
      change: repair.what,
      why: repair.why,
      fidelity: repair.fidelity,
    },
  };
}

function isRepairable({ failure: { type }, end }: FailedTry): boolean {
  return repairable.has(type as FailureCode) && end.keyword === 'RUN' && end.exitCode !== undefined && end.excess === undefined;
}

/** The same step that fails in the same way has not been helped; one that fails in another may need a second repair. */
function resultOf(outcome: BuildTry<unknown>, { repair }: { repair: PlacedRepair }, repaired: RepairedDockerfile): RepairAttempt['result'] {
  if (outcome.status === 'built') return 'built';
  const line = outcome.pinnedLine === undefined ? undefined : repaired.pinnedLineOf(outcome.pinnedLine);
  if (line === undefined || line < repair.line) return 'no-help';
  if (line > repair.line) return 'went-on';
  return breakagesIn(outcome.end.lines).some(({ row }) => row.id === repair.id) || !isRepairable(outcome) ? 'no-help' : 'went-on';
}

function withAttempts(cause: ApplicationFailure, attempts: readonly RepairAttempt[], refused: string | undefined): ApplicationFailure {
  const tried = attempts.map(({ repair, change, result }) => `${repair}: ${change} (${result === 'no-help' ? 'no help' : 'it went on'})`);
  const parts = [cause.message, ...(refused === undefined ? [] : [refused]), ...(tried.length === 0 ? [] : [`repairs tried: ${tried.join('; ')}`])];
  return parts.length === 1 ? cause : failure(cause.type as FailureCode, parts.join('; '), { cause: cause.cause });
}

const order: Fidelity[] = ['faithful', 'near', 'substitution'];

/** The least faithful of what an image was built with. */
export function leastFaithful(fidelities: readonly Fidelity[]): Fidelity {
  return fidelities.reduce((least, each) => (order.indexOf(each) > order.indexOf(least) ? each : least), 'faithful');
}

async function keptCourse<Built>(work: Repairable<Built>, course: Course, { text }: RepairedDockerfile): Promise<ImageRepairs | undefined> {
  if (course.kept.length === 0) return undefined;
  const { store, role, dockerfile } = work;
  const repaired = await putBlob(store, Buffer.from(text), mediaTypes.text);
  await store.putIfAbsent(keyOf(work), Buffer.from(JSON.stringify(course)), mediaTypes.json);
  return ImageRepairs.parse({ role, dockerfile, fidelity: leastFaithful(course.kept.map(({ fidelity }) => fidelity)), repaired: repaired.sha256, attempts: course.attempts });
}

async function readCourse<Built>(work: Repairable<Built>): Promise<Course | undefined> {
  const bytes = await work.store.get(keyOf(work));
  return bytes && (JSON.parse(Buffer.from(bytes).toString('utf8')) as Course);
}

function keyOf({ inputs, role }: Pick<Repairable<unknown>, 'inputs' | 'role'>): string {
  return cacheKey('repairs', sha256Of({ inputs, role }));
}
