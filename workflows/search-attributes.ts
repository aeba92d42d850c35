import { defineSearchAttributeKey, type SearchAttributeUpdatePair } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';
import { searchAttributes } from './contract.ts';

export const keys = {
  submission: defineSearchAttributeKey(searchAttributes.submission, 'KEYWORD'),
  team: defineSearchAttributeKey(searchAttributes.team, 'KEYWORD'),
  track: defineSearchAttributeKey(searchAttributes.track, 'KEYWORD'),
  stage: defineSearchAttributeKey(searchAttributes.stage, 'KEYWORD'),
  fault: defineSearchAttributeKey(searchAttributes.fault, 'KEYWORD'),
  status: defineSearchAttributeKey(searchAttributes.status, 'KEYWORD'),
  score: defineSearchAttributeKey(searchAttributes.score, 'DOUBLE'),
} as const;

/** Sets columns of the UI's list; each call is one history event. */
export function index(pairs: [(typeof keys)[keyof typeof keys], string | number][]): void {
  upsertSearchAttributes(pairs.map(([key, value]) => ({ key, value }) as SearchAttributeUpdatePair));
}
