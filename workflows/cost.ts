import { ActivityFailure, ApplicationFailure, CancelledFailure, TimeoutFailure } from '@temporalio/workflow';
import type { StageCost } from '../domain/index.ts';

/** What a stage had cost when the error came by which its work ended, as its last attempt told it; undefined where none did. */
export function costIn(error: unknown): StageCost | undefined {
  const ended = error instanceof ActivityFailure ? error.cause : error;
  const told: unknown = ended instanceof TimeoutFailure ? ended.lastHeartbeatDetails : ended instanceof ApplicationFailure || ended instanceof CancelledFailure ? ended.details?.[0] : undefined;
  // Of work that no attempt had begun the server tells in words.
  return (told as { cost?: StageCost } | null | undefined)?.cost;
}
