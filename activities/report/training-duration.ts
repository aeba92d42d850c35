import { z } from 'zod';
import { parseJson } from '../attest/bytes.ts';

const Payloads = z.looseObject({ payloads: z.array(z.looseObject({ data: z.string().optional() })).optional() }).nullish();
const History = z.looseObject({
  events: z.array(
    z.looseObject({
      eventId: z.coerce.string(),
      activityTaskScheduledEventAttributes: z.looseObject({ activityType: z.looseObject({ name: z.string() }) }).optional(),
      activityTaskCompletedEventAttributes: z.looseObject({ scheduledEventId: z.coerce.string(), result: Payloads }).optional(),
    }),
  ),
});
const Trained = z.looseObject({ status: z.literal('completed'), result: z.looseObject({ durationMs: z.number().nonnegative() }) });

/**
 * How long a run's training took, in ms, from its stored Temporal history (also where the training was taken from the cache: then
 * of the run that did it). Null where nothing was trained.
 */
export function trainingDurationMs(history: Uint8Array | undefined): number | null {
  const parsed = History.safeParse(parseJson(history));
  if (!parsed.success) return null;
  const trained = new Set<string>();
  let durationMs: number | null = null;
  for (const { eventId, activityTaskScheduledEventAttributes: scheduled, activityTaskCompletedEventAttributes: completed } of parsed.data.events) {
    if (scheduled?.activityType.name === 'train') trained.add(eventId);
    if (!completed || !trained.has(completed.scheduledEventId)) continue;
    const data = completed.result?.payloads?.[0]?.data;
    const outcome = Trained.safeParse(data === undefined ? undefined : parseJson(Buffer.from(data, 'base64')));
    durationMs = outcome.data?.result.durationMs ?? durationMs;
  }
  return durationMs;
}
