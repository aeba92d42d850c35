import { describe, expect, it, test } from 'vitest';
import { parseDockerfile } from '../../../activities/pin/dockerfile.ts';
import { basesOf } from '../../../activities/pin/bases.ts';
import { planImage } from '../../../activities/pin/plan.ts';
import { rewrite } from '../../../activities/pin/rewrite.ts';
import type { PinnedBase } from '../../../domain/index.ts';
import { dockerfiles } from '../check/dockerfiles.ts';
import { filesOf } from './table.ts';

const digest = `sha256:${'a'.repeat(64)}`;

function pinned(text: string, withCaBundle = false): ReturnType<typeof rewrite> {
  const dockerfile = parseDockerfile(Buffer.from(text));
  const bases = basesOf(dockerfile).map(({ reference, instruction }): PinnedBase => {
    const name = reference.replace(/[:@].*$/, '');
    return { reference, line: instruction.line, pinned: `${name}@${digest}`, digest, source: 'registry', fidelity: 'faithful', reason: '' };
  });
  return rewrite(dockerfile, bases, withCaBundle);
}

const comment = (reference: string): string => `# reprise: ${reference} as of the date (registry, faithful)`;

describe('what stays of ours in the image', () => {
  const own = '/usr/local/share/reprise/';
  it.each([
    ['the bundle', 'FROM debian:12\nCOPY a.py /app/', [own]],
    ['the whole context', 'FROM debian:12\nWORKDIR /app\nCOPY . .', [own, '/app/.reprise/']],
    ['the whole context by another name', 'FROM debian:12\nADD --chown=1:1 ["./", "/srv"]', [own, '/srv/.reprise/']],
    ['all that a pattern names', 'FROM debian:12\nCOPY * /app/', [own, '/app/']],
    ['not what a pattern leaves', 'FROM debian:12\nCOPY *.py src/* /app/', [own]],
    ['what a stage below took', 'FROM debian:12 AS a\nCOPY . /a\nFROM a\nRUN true', [own, '/a/.reprise/']],
    ['not what only another stage took', 'FROM debian:12 AS a\nCOPY . /a\nFROM debian:12\nCOPY --from=a . /b', [own]],
    ['nothing', 'FROM scratch\nCOPY . .', []],
  ])('%s', (_what, dockerfile, what) => {
    expect(pinned(dockerfile, true).leftBehind.map((each) => each.what)).toEqual(what);
  });
});

describe('the rewritten Dockerfile', () => {
  it.each([
    ['a base', 'FROM debian:12\nRUN a', `${comment('debian:12')}\nFROM debian@${digest}\nRUN a`],
    ['after a directive', '# escape=`\nFROM debian:12\n', `# escape=\`\n${comment('debian:12')}\nFROM debian@${digest}\n`],
    [
      'a variable',
      'ARG V=12\nFROM --platform=linux/amd64 debian:${V} AS a',
      `ARG V=12\n${comment('debian:12')}\nFROM --platform=linux/amd64 debian@${digest} AS a`,
    ],
    ['a continued FROM', 'FROM \\\n  debian:12\n', `${comment('debian:12')}\nFROM \\\n  debian@${digest}\n`],
    ['Windows line ends', 'FROM debian:12\r\nRUN a\r\n', `${comment('debian:12')}\r\nFROM debian@${digest}\r\nRUN a\r\n`],
    ['COPY --from', 'FROM scratch\nCOPY --from=nginx:1 /a /b\n', `FROM scratch\n${comment('nginx:1')}\nCOPY --from=nginx@${digest} /a /b\n`],
    ['nothing where a digest stands', `FROM debian@${digest}\n`, `FROM debian@${digest}\n`],
    ['nothing in stages of its own', 'FROM scratch AS a\nFROM a\nCOPY --from=a /x /y\n', 'FROM scratch AS a\nFROM a\nCOPY --from=a /x /y\n'],
  ])('changes %s', (_what, text, expected) => {
    expect(pinned(text).text).toBe(expected);
  });

  it('trusts the CA bundle in each stage, and brings the file once', () => {
    const { text, leftBehind } = pinned('FROM debian:12 AS a\nUSER 1\nFROM a\nRUN b\nFROM scratch AS c\nFROM a\n', true);
    const lines = text.split('\n');
    expect(lines.filter((line) => line.startsWith('COPY .reprise/ca.pem '))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith('ARG PIP_CERT='))).toHaveLength(3);
    expect(lines[lines.indexOf('FROM scratch AS c') + 1]).toBe('FROM a');
    expect(lines.indexOf('USER 1')).toBeGreaterThan(lines.findIndex((line) => line.startsWith('COPY .reprise')));
    expect(leftBehind).toEqual([{ what: '/usr/local/share/reprise/', why: expect.any(String) as string }]);
  });

  it('leaves nothing behind in an image from scratch', () => {
    expect(pinned('FROM debian:12 AS a\nFROM scratch\nCOPY --from=a /x /x\n', true).leftBehind).toEqual([]);
  });
});

test.each(dockerfiles.map((text) => [text]))('only comments, bases and the trust in the CA bundle differ in %j', (text) => {
  const added = /^(# reprise: |COPY \.reprise\/ca\.pem |ARG \w+=\/usr\/local\/share\/reprise\/)/;
  const kept = pinned(text, true)
    .text.split('\n')
    .filter((line) => !added.test(line));
  const original = text.split('\n');
  expect(kept).toHaveLength(original.length);
  expect(kept.filter((line, index) => line !== original[index] && !line.includes(digest))).toEqual([]);
});

it.each([
  ['pip, where a file names another', 'COPY pip.conf /etc/pip.conf\nRUN pip install a && uv pip install b', ['UV_INDEX_URL', 'npm_config_before']],
  ['pip, where a command names another', 'RUN pip config set global.index-url https://example.org && pip install a', ['UV_INDEX_URL', 'npm_config_before']],
  ['none, where another stands beside it', 'RUN pip config set global.extra-index-url https://example.org && pip install a', ['PIP_INDEX_URL', 'PIP_TRUSTED_HOST', 'UV_INDEX_URL', 'npm_config_before']],
  ['none, where a variable that wins over ours names another', 'ENV PIP_INDEX_URL=https://example.org\nRUN pip install a', ['PIP_INDEX_URL', 'PIP_TRUSTED_HOST', 'UV_INDEX_URL', 'npm_config_before']],
  ['npm, where a file names another', 'COPY .npmrc /root/\nRUN npm i a', ['PIP_INDEX_URL', 'PIP_TRUSTED_HOST', 'UV_INDEX_URL']],
])('the submission’s own index is not replaced: %s', async (_what, instructions, expected) => {
  const files = filesOf({ Dockerfile: `FROM base\n${instructions}\nFROM base\nRUN pip install c\n`, 'pip.conf': '[global]\nindex-url = https://example.org\n', '.npmrc': 'registry = https://example.org\n' });
  const { dockerfile, replaced } = await planImage(files, { role: 'serve', dockerfile: 'Dockerfile', context: '.', evidence: '' });
  const dated = { before: '2023-10-26T00:00:00.000Z', pip: true, npm: true, uv: true, apt: false, conda: false };
  const [, first = '', second = ''] = rewrite(dockerfile, [], false, dated, [], replaced).text.split('FROM base\n');
  const told = (stage: string): string[] => [...stage.matchAll(/^ARG (\w+)=/gm)].map(([, name = '']) => name);
  expect(told(first)).toEqual(expected);
  expect(/takes its packages from https:\/\/example\.org \(/.test(first)).toBe(expected.length < 4);
  expect(told(second)).toHaveLength(4);
});
