import { expect, test } from 'vitest';
import { checkDockerfile } from '../../../activities/check/check.ts';
import { sourceFiles } from '../../../activities/pin/source-files.ts';
import { CheckedDockerfile } from '../../../domain/index.ts';
import { seededRandom } from '../../../domain/random.ts';
import { dockerfiles } from './dockerfiles.ts';

const texts: Record<string, string> = {
  'requirements.txt': 'a==1\nb>=2 # c\n-r more.txt\n-e git+https://example.org/a.git#egg=a\n',
  'environment.yml': 'dependencies:\n  - python=3.10\n  - pip:\n    - a\n',
  'setup.sh': '#!/bin/sh\npip install c\n. ./setup.sh\n',
  'main.py': 'import app\nprint("/process")\n',
  '.dockerignore': '*\n!main.py\r\n',
};
const pieces = [
  '\n',
  '\r\n',
  '\\\n',
  ' ',
  '"',
  "'",
  '`',
  '$',
  '${',
  '}',
  '$(',
  ')',
  '<<EOF',
  '&&',
  '|',
  '>',
  '#',
  '[',
  ']',
  '\0',
  '\u{1F600}',
  'FROM ',
  'RUN ',
  'COPY ',
  'ENV ',
  'ARG ',
  '--from=',
  ' AS ',
  '@sha256:',
];

test('10,000 mutated Dockerfiles are answered, whatever stands in them', { timeout: 60_000 }, async () => {
  const random = seededRandom('dockerfiles');
  for (let count = 0; count < 10_000; count += 1) {
    const bytes = mutated(dockerfiles[count % dockerfiles.length] as string, random);
    const files = sourceFiles([...Object.keys(texts), 'Dockerfile'], [], async (path) =>
      path === 'Dockerfile' ? bytes : Buffer.from(texts[path] ?? ''),
    );
    const checked = await checkDockerfile(files, 'Dockerfile').catch((error: unknown) => {
      throw new Error(`fails on ${JSON.stringify(bytes.toString('latin1'))}`, { cause: error });
    });
    if (count % 100 === 0) expect(CheckedDockerfile.safeParse(checked).error).toBeUndefined();
  }
});

function mutated(text: string, random: () => number): Buffer {
  let bytes: Buffer = Buffer.from(text);
  const changes = 1 + Math.floor(random() * 6);
  for (let change = 0; change < changes; change += 1) bytes = mutatedOnce(bytes, random);
  return bytes;
}

function mutatedOnce(bytes: Buffer, random: () => number): Buffer {
  const at = Math.floor(random() * (bytes.length + 1));
  const to = Math.min(bytes.length, at + Math.floor(random() * 30));
  const piece = (list: readonly string[]): Buffer => Buffer.from(list[Math.floor(random() * list.length)] ?? '');
  const replaced = (middle: Buffer, end = at): Buffer => Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(end)]);
  switch (Math.floor(random() * 7)) {
    case 0:
      return replaced(Buffer.alloc(0), to);
    case 1:
      return replaced(Buffer.from([Math.floor(random() * 256)]));
    case 2:
      return replaced(piece(pieces), at + 1);
    case 3:
      return replaced(Buffer.concat([bytes.subarray(at, to), bytes.subarray(at, to)]), to);
    case 4:
      return bytes.subarray(0, at);
    case 5:
      return replaced(piece(dockerfiles).subarray(0, 40));
    default:
      return replaced(piece(pieces));
  }
}
