import { expect, it } from 'vitest';
import { buildInputs, engineBuildOptions, plannedBuilds } from '../../../activities/build/plan.ts';
import { submissionWith } from '../../fixtures/submission.ts';

const artifact = { path: 'x', key: 'x', sha256: 'a'.repeat(64), sizeBytes: 1, mediaType: 'text/plain', role: 'dockerfile' } as const;

it('builds each image from the Dockerfile that pin made of it', () => {
  const submission = submissionWith({ images: [{ role: 'serve', dockerfile: 'app/Dockerfile', context: 'app', evidence: '' }] });
  const builds = plannedBuilds(submission, { dockerfiles: [{ role: 'serve', artifact }] });
  expect(builds).toEqual([{ role: 'serve', dockerfile: 'app/Dockerfile', context: 'app', pinned: artifact.sha256 }]);
  expect(() => plannedBuilds(submission, { dockerfiles: [] })).toThrow('no pinned Dockerfile for app/Dockerfile');
});

it('tells builds apart by the snapshot, the pinned Dockerfiles and the CA bundle', () => {
  const submission = submissionWith({});
  expect(buildInputs(submission, [], undefined)).toEqual({ snapshot: submission.snapshot, builds: [], caBundle: null });
  expect(buildInputs(submission, [], 'ca')).not.toEqual(buildInputs(submission, [], undefined));
});

it('gives the proxies to the builder by both spellings, and swap to nobody', () => {
  const options = engineBuildOptions({ httpProxy: 'http://proxy:3128', httpsProxy: undefined }, { fresh: true, secrets: {} });
  expect(options).toMatchObject({ version: '1', nocache: true, forcerm: true, buildargs: { HTTP_PROXY: 'http://proxy:3128', http_proxy: 'http://proxy:3128' } });
  expect(options.memswap).toBe(options.memory);
  expect(options).not.toHaveProperty('labels');
});
