import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createPace } from '../../../activities/record/pace.ts';

it.each([
  ['waits while answers are passing and the process is busy', 1, 0.9, false],
  ['goes on where there is time for both', 1, 0.3, true],
  ['goes on where no answer is passing', 0, 1, true],
])('a body on its way to the store %s', async (_what, passing, share, goesOn) => {
  let gone = false;
  const pace = createPace(() => passing, () => share)().then(() => (gone = true));
  await turn();
  expect(gone).toBe(goesOn);
  await pace;
});

it('measures how busy the process was since the last portion', async () => {
  const pace = createPace(() => 1);
  let gone = false;
  await turn();
  void pace().then(() => (gone = true));
  await turn();
  const until = performance.now() + 50;
  while (performance.now() < until); // Nothing else gets this time.
  gone = false;
  const waiting = pace().then(() => (gone = true));
  await turn();
  expect(gone).toBe(false);
  await waiting;
});
