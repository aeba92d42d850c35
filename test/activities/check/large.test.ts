import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkDockerfile, checkPaths } from '../../../activities/check/check.ts';
import { filesOf } from '../pin/table.ts';

const many = (count: number, line: (index: number) => string): string =>
  `FROM debian\n${Array.from({ length: count }, (_, index) => line(index)).join('\n')}\n`;

// `npm run bench` holds them to 2 s; the time here allows for a machine that does other work.
test.each([
  ['10 MB', 'RUN a b\n'.repeat(1_300_000)],
  ['10,000 RUN lines', many(10_000, (index) => `RUN pip install f${index}>=1.0 && git clone https://x.org/a${index} && apt install b${index}`)],
  ['10,000 COPY lines', many(10_000, (index) => `COPY f${index} /x/`)],
  ['10,000 variables that build on each other', many(10_000, (index) => `ENV A${index}=\${A${index - 1}}b`)],
  [
    '3,000 stages',
    Array.from({ length: 3_000 }, (_, index) => `FROM ${index === 0 ? 'debian' : `s${index - 1}`} AS s${index}\nRUN echo a`).join('\n'),
  ],
  ['5,000 here-documents', many(5_000, (index) => `RUN <<E${index}\npip install x\nE${index}`)],
  ['a RUN of 50,000 lines', `FROM x\nRUN ${'aaaa \\\n'.repeat(50_000)}b`],
  ['30,000 open brackets', `FROM x\nRUN ${'('.repeat(30_000)}`],
  ['30,000 open groups', `FROM x\nRUN ${'{ '.repeat(30_000)}`],
  ['5,000 conditions in each other', `FROM x\nRUN ${'if a; then '.repeat(5_000)} b ${'; fi'.repeat(5_000)}`],
  ['30,000 open substitutions', `FROM x\nRUN echo ${'$('.repeat(30_000)}`],
  ['10,000 nested defaults', `FROM x\nENV A=${'${A:-'.repeat(10_000)}${'}'.repeat(10_000)}`],
])('a Dockerfile of %s is answered', { timeout: 20_000 }, async (_what, dockerfile) => {
  const checked = await checkDockerfile(filesOf({ Dockerfile: dockerfile }), 'Dockerfile');
  expect(checked.inputs.length + checked.findings.length).toBeGreaterThan(0);
});

test('a Dockerfile that is too large to be read from disk is said to be so', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'reprise-large-'));
  writeFileSync(join(directory, 'Dockerfile'), 'FROM debian\n'.repeat(900_000));
  const { dockerfiles } = await checkPaths([directory]);
  expect(dockerfiles[0]?.findings).toMatchObject([{ code: 'DOCKERFILE_UNREADABLE', message: expect.stringContaining('far larger than') }]);
  rmSync(directory, { recursive: true });
});
