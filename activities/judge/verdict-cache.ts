import { createHash } from 'node:crypto';
import { z } from 'zod';
import { cacheKey, canonicalJson, mediaTypes } from '../../domain/index.ts';
import { parseJson } from '../attest/bytes.ts';
import type { ObjectStore } from '../io/store.ts';
import type { ChatRequest } from './client.ts';

const Stored = z.object({ text: z.string() });

/** Replies of judges by what was asked of which model; the text is kept, so that a better reading of it applies to old ones too. */
export interface ReplyCache {
  get(request: ChatRequest): Promise<string | undefined>;
  put(request: ChatRequest, text: string): Promise<void>;
}

export function createReplyCache(store: ObjectStore): ReplyCache {
  return {
    get: async (request) => Stored.safeParse(parseJson(await store.get(keyOf(request)))).data?.text,
    put: async (request, text) => void (await store.putIfAbsent(keyOf(request), Buffer.from(canonicalJson({ text })), mediaTypes.json)),
  };
}

/** The model's name stands for the model: an endpoint that moves keeps its verdicts, and a new model needs a new name. */
function keyOf({ judge, messages, maxTokens }: ChatRequest): string {
  const identity = { version: 1, model: judge.model, messages, maxTokens, temperature: 0 };
  return cacheKey('judge', createHash('sha256').update(canonicalJson(identity)).digest('hex'));
}
