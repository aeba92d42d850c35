import { expect, it } from 'vitest';
import { SubmissionManifest } from '../../../domain/index.ts';

const manifest = (serve: Record<string, unknown>): unknown => ({ name: 'entry', serve: { dockerfile: 'Dockerfile', ...serve } });

it.each([
  ['nothing, which is the contest’s', {}, true],
  ['completions of a named model', { api: 'openai-completions', model: 'small' }, true],
  ['chat', { api: 'openai-chat' }, true],
  ['an API that nobody knows', { api: 'grpc' }, false],
])('a manifest may name %s', (_what, serve, isValid) => {
  expect(SubmissionManifest.safeParse(manifest(serve)).success).toBe(isValid);
});
