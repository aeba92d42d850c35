import { expect, it } from 'vitest';
import { trainingInputs, trainingLimits, trainingNetworkOf, trainingPlan } from '../../../activities/train/plan.ts';
import { submissionWith } from '../../fixtures/submission.ts';

const owner = { run: 'r', stage: 'train', workflowId: 'w' } as const;
const connection = { mode: 'none', env: {} };
const volumes = { output: 'reprise-r-output', checkpoints: 'reprise-r-checkpoints', copies: 'reprise-r-copies' };

function plan(changes: Parameters<typeof submissionWith>[0], settings: { secrets?: Record<string, string>; gpuDevices?: string[] } = {}) {
  const submission = submissionWith(changes);
  return trainingPlan(owner, submission, 'sha256:1', { host: 'host-1', secrets: {}, ...settings }, { volumes, connection, diskBytes: 100 * 1024 ** 3 }, trainingLimits(submission, 2));
}

it('names the directories that a training writes to', () => {
  const { env, confinement } = plan({});
  expect(env).toEqual({ OUTPUT_DIR: '/output', CHECKPOINT_DIR: '/checkpoints' });
  expect(confinement.volumes.map(({ path, readOnly }) => [path, readOnly])).toEqual([['/output', false], ['/checkpoints', false]]);
});

it('gives the declared secrets and no other', () => {
  expect(plan({ secrets: ['HF_TOKEN'] }, { secrets: { HF_TOKEN: 'value-1', OTHER: 'value-2' } }).env).toMatchObject({ HF_TOKEN: 'value-1' });
  expect(plan({}, { secrets: { OTHER: 'value-2' } }).env).not.toHaveProperty('OTHER');
  expect(() => plan({ secrets: ['HF_TOKEN'] })).toThrow('HF_TOKEN');
});

it.each([
  ['cpu', undefined, 'none'],
  ['cpu', 'egress', 'egress'],
  ['a100', undefined, 'egress'],
  ['a100', 'none', 'none'],
] as const)('on the track %s with the manifest’s network %s it has %s', (track, trainingNetwork, network) => {
  expect(trainingNetworkOf({ track, ...(trainingNetwork ? { trainingNetwork } : {}) })).toBe(network);
});

it('has no network on a track that gives none, whatever the manifest asks for', () => {
  expect(trainingNetworkOf({ track: 'a100', trainingNetwork: 'egress' }, 'none')).toBe('none');
});

it('gives GPUs by the track only, and the ones that the worker has', () => {
  expect(plan({}, { gpuDevices: ['GPU-1'] }).confinement.gpu).toBeUndefined();
  expect(plan({ track: 'a100' }, { gpuDevices: ['GPU-1'] }).confinement.gpu).toEqual({ deviceIds: ['GPU-1'] });
  expect(plan({ track: 'a100' }).confinement.gpu).toEqual({ deviceIds: [] });
});

it('never asks for more CPUs than the host has', () => {
  expect(trainingLimits({ track: 'a100' }, 2).cpus).toBe(2);
  expect(trainingLimits({ track: 'a100' }, 64).cpus).toBe(12);
});

it('takes no stored result of another image, track, budget, network or set of secrets', () => {
  const inputs = [
    trainingInputs(submissionWith({}), 'sha256:1'),
    trainingInputs(submissionWith({}), 'sha256:2'),
    trainingInputs(submissionWith({ track: 'a100' }), 'sha256:1'),
    trainingInputs(submissionWith({ trainingBudgetMs: 1 }), 'sha256:1'),
    trainingInputs(submissionWith({ trainingNetwork: 'egress' }), 'sha256:1'),
    trainingInputs(submissionWith({ secrets: ['A'] }), 'sha256:1'),
  ];
  expect(new Set(inputs.map((each) => JSON.stringify(each))).size).toBe(inputs.length);
});
