import { expect, it } from 'vitest';
import { readTrainerLine } from '../../../activities/train/trainer-lines.ts';

it.each([
  ["{'loss': 1.2345, 'grad_norm': 0.5, 'learning_rate': 2e-05, 'epoch': 0.5}", { loss: 1.2345, epoch: 0.5 }],
  [' 12%|█▏        | 120/1000 [00:10<01:10, 12.5it/s, loss=1.2]', { step: 120, steps: 1_000, loss: 1.2 }],
  ['Epoch 3:  45%|████▌     | 45/100 [00:09<00:11,  4.80it/s, v_num=0, train_loss=0.412]', { epoch: 3, step: 45, steps: 100, loss: 0.412 }],
  ['step 12/1000 loss: 1.25e-1', { step: 12, steps: 1_000, loss: 0.125 }],
  ['iter 400: loss 2.11, time 120ms', { step: 400, loss: 2.11 }],
  ['step=7 loss=0.5', { step: 7, loss: 0.5 }],
  ['[2026-01-01 10:00] global_step: 77, training_loss: 3.5', { step: 77, loss: 3.5 }],
  ['  1%|  | 1/100 [00:01<01:40]\r  2%|  | 2/100 [00:02<01:38]', { step: 2, steps: 100 }],
  ['Epoch 2/10', { epoch: 2 }],
  ['loading the data', undefined],
  ['glossary: 12 words, 100 files', undefined],
  ['', undefined],
])('reads %j', (line, found) => {
  expect(readTrainerLine(line)).toEqual(found);
});

it('is not slow on a line made to be', () => {
  const start = performance.now();
  for (let count = 0; count < 200; count += 1) readTrainerLine(`${'step '.repeat(100_000)}${' '.repeat(1_000)}`);
  expect(performance.now() - start).toBeLessThan(2_000);
});
