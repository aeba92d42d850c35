import { expect, it } from 'vitest';
import { readConfig } from '../../../infra/config.ts';
import { doctor } from '../../../infra/doctor.ts';
import { stackStatus, up } from '../../../infra/stack.ts';
import type { SetupEvent } from '../../../infra/step.ts';

it('is whole, says its doctor', async () => {
  const { checks } = await doctor(readConfig());
  expect(checks.filter(({ status }) => status === 'failed')).toEqual([]);
  expect(checks.map(({ name }) => name)).toEqual(expect.arrayContaining(['Docker engine', 'Keys', 'Object store', 'Temporal server', 'Worker']));
});

it('is left as it is by another `up`', async () => {
  const before = await stackStatus(readConfig());
  const events: SetupEvent[] = [];
  await up(readConfig(), (event) => events.push(event));
  expect(events.filter(({ type }) => type !== 'good')).toEqual([]);
  expect(await stackStatus(readConfig())).toEqual(before);
});

it('says what is wrong with a server that is not there', async () => {
  const { checks } = await doctor(readConfig({ ...process.env, REPRISE_TEMPORAL_ADDRESS: '127.0.0.1:1', REPRISE_S3_ENDPOINT: 'http://127.0.0.1:1' }));
  const failed = Object.fromEntries(checks.filter(({ status }) => status === 'failed').map(({ name, message }) => [name, message]));
  expect(failed).toMatchObject({
    'Temporal server': expect.stringContaining('no Temporal server answers at 127.0.0.1:1'),
    'Object store': expect.stringContaining('http://127.0.0.1:1'),
  });
});
