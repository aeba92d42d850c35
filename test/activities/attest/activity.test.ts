import { MockActivityEnvironment } from '@temporalio/testing';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { Dependencies } from '../../../activities/dependencies.ts';
import { createAttestActivities } from '../../../activities/attest/index.ts';
import { historyOf, newSigningKey, storeRun } from '../../fakes/attested-run.ts';
import { memoryStore } from '../../fakes/memory-store.ts';

test('the activity gives an outcome: the result, or the failure that an operator can correct', async () => {
  const store = memoryStore();
  const [input, key] = await Promise.all([storeRun(store), newSigningKey()]);
  const attestWith = (signingKeyFile: string): Promise<unknown> => {
    const dependencies: Pick<Dependencies, 'store' | 'logger' | 'exportHistory' | 'signalProgress'> & { settings: { signingKeyFile: string; secrets: object } } = {
      store,
      logger: pino({ enabled: false }),
      settings: { signingKeyFile, secrets: {} },
      exportHistory: async () => historyOf(input),
      signalProgress: async () => undefined,
    };
    return new MockActivityEnvironment().run(createAttestActivities(dependencies as Dependencies).attest, input);
  };
  expect(await attestWith('/nowhere.pem')).toMatchObject({ status: 'failed', code: 'SIGNING_KEY_MISSING', fault: 'operator' });
  expect(await attestWith(key.file)).toMatchObject({ status: 'completed', cached: false, result: { logSequence: 0, publishable: true } });
});
