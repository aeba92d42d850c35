import { z } from 'zod';
import { canonicalJson, SuiteStage, type RunManifest, type Statement } from '../../domain/index.ts';
import { parseJson } from '../attest/bytes.ts';
import { historyPath } from '../attest/manifest.ts';
import type { ObjectStore } from '../io/store.ts';
import { problem, type AuditProblem } from './problems.ts';

const Payloads = z.looseObject({ payloads: z.array(z.looseObject({ data: z.string().optional() })).optional() }).optional();
const Event = z.looseObject({
  eventId: z.coerce.string(),
  activityTaskScheduledEventAttributes: z.looseObject({ activityType: z.looseObject({ name: z.string() }), input: Payloads.nullish() }).optional(),
  activityTaskCompletedEventAttributes: z.looseObject({ scheduledEventId: z.coerce.string(), result: Payloads.nullish() }).optional(),
});
/** What we read of a Temporal history in the JSON of its SDK (proto3 JSON, payload data in base64). */
const History = z.looseObject({ events: z.array(Event).min(1) });

const ActivityInput = z.looseObject({ run: z.string() });
const StageResult = z.looseObject({
  status: z.literal('completed'),
  result: z.looseObject({ artifacts: z.array(z.looseObject({ path: z.string(), sha256: z.string() })), scores: z.unknown().optional() }),
});
const ScoreActivityInput = z.looseObject({
  suite: z.string(),
  evaluations: z.array(z.looseObject({ stage: SuiteStage, answers: z.string() })),
  submission: z.looseObject({ claim: z.object({ open: z.number(), tolerance: z.number().optional() }).optional() }),
});
export type Scored = z.infer<typeof ScoreActivityInput>;

export interface HistoryCheck {
  problems: AuditProblem[];
  /** Which suite and which answers the run's score was computed from. */
  scored?: Scored;
}

interface PerformedActivity {
  name: string;
  input: unknown;
  result: unknown;
}

/**
 * Reads the run's Temporal history: it must be of this run, every object that a stage's result names must stand in the manifest,
 * and the scores in it must be the signed ones.
 */
export async function checkHistory(store: ObjectStore, manifest: RunManifest, statement: Statement): Promise<HistoryCheck> {
  const listed = manifest.artifacts.find(({ path }) => path === historyPath);
  if (!listed) return { problems: [problem('history-mismatch', historyPath, 'the manifest lists no history')] };
  const history = History.safeParse(parseJson(await store.get(listed.key)));
  if (!history.success) return { problems: [problem('history-mismatch', historyPath, 'is not a Temporal history')] };
  const activities = activitiesOf(history.data.events);
  const scored = ScoreActivityInput.safeParse(activities.findLast(({ name }) => name === 'score')?.input);
  return {
    problems: [...checkRun(activities, manifest.run), ...checkArtifacts(activities, manifest), ...checkScores(activities, statement)],
    ...(scored.success ? { scored: scored.data } : {}),
  };
}

function activitiesOf(events: z.infer<typeof Event>[]): PerformedActivity[] {
  const performed = new Map<string, PerformedActivity>();
  for (const { eventId, activityTaskScheduledEventAttributes: scheduled, activityTaskCompletedEventAttributes: completed } of events) {
    if (scheduled) performed.set(eventId, { name: scheduled.activityType.name, input: firstPayload(scheduled.input), result: undefined });
    const activity = completed && performed.get(completed.scheduledEventId);
    if (activity) activity.result = firstPayload(completed.result);
  }
  return [...performed.values()];
}

function firstPayload(payloads: z.infer<typeof Payloads> | null): unknown {
  const data = payloads?.payloads?.[0]?.data;
  return data === undefined ? undefined : parseJson(Buffer.from(data, 'base64'));
}

function checkRun(activities: PerformedActivity[], run: string): AuditProblem[] {
  const runs = new Set(activities.map(({ input }) => ActivityInput.safeParse(input).data?.run));
  runs.delete(run);
  if (activities.length > 0 && runs.size === 0) return [];
  return [problem('history-mismatch', historyPath, activities.length === 0 ? 'has no activity of the run' : `is of the run ${[...runs].join(', ')}`)];
}

function checkArtifacts(activities: PerformedActivity[], { artifacts }: RunManifest): AuditProblem[] {
  const listed = new Map(artifacts.map(({ path, sha256 }) => [path, sha256]));
  return activities.flatMap(({ name, result }) =>
    (StageResult.safeParse(result).data?.result.artifacts ?? [])
      .filter(({ path, sha256 }) => listed.get(path) !== sha256)
      .map(({ path, sha256 }) => problem('history-mismatch', path, `${name} stored ${sha256}; the manifest lists ${listed.get(path) ?? 'none'}`)),
  );
}

function checkScores(activities: PerformedActivity[], statement: Statement): AuditProblem[] {
  const result = StageResult.safeParse(activities.findLast(({ name }) => name === 'score')?.result);
  const computed = canonicalJson(result.data?.result.scores ?? null);
  if (computed === canonicalJson(statement.predicate.reprise_verdict.scores)) return [];
  return [problem('history-mismatch', historyPath, 'the scores in the history are not the signed ones')];
}
