import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';

const program = `
  import { leaveInTime } from '${new URL('../../worker/leaving.ts', import.meta.url).href}';
  leaveInTime(['SIGTERM', 'SIGINT'], 100, { warn: (fields, message) => console.log(message) });
  setInterval(() => {}, 1_000_000);
  console.log('waits');
`;

it.each(['SIGTERM', 'SIGINT'] as const)('a process that waits for ever ends after %s, and says that it did not wait', async (signal) => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const said: string[] = [];
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    if (said.push(String(chunk).trim()) === 1) child.kill(signal);
  }
  expect(said).toEqual(['waits', 'left before everything had ended']);
  expect(await ended).toEqual([0, null]);
});
