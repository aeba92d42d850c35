import { describe, expect, it } from 'vitest';
import { takeAddresses } from '../../../activities/build/added-addresses.ts';

const site = 'http://files.example';
const digest = `sha256:${'a'.repeat(64)}`;

function taken(lines: string): { text: string; added: object[] } {
  const { dockerfile, added } = takeAddresses('Dockerfile', Buffer.from(lines));
  return { text: Buffer.from(dockerfile).toString(), added };
}

describe('an address in ADD becomes a file of the context', () => {
  it.each([
    ['a plain one', `ADD ${site}/a.txt /data/`, 'COPY .reprise/added/1/a.txt /data/', [`${site}/a.txt`]],
    ['several', `ADD ${site}/a.txt ${site}/b.txt /data/`, 'COPY .reprise/added/1/a.txt .reprise/added/2/b.txt /data/', [`${site}/a.txt`, `${site}/b.txt`]],
    ['one of variables', `ARG V=1.2\nADD ${site}/v$V/a-\${V}.tar.gz $HOME/x`, 'ARG V=1.2\nCOPY .reprise/added/1/a-1.2.tar.gz $HOME/x', [`${site}/v1.2/a-1.2.tar.gz`]],
    ['one with a query', `ADD "${site}/a.txt?x=1" /a`, 'COPY .reprise/added/1/a.txt /a', [`${site}/a.txt?x=1`]],
    ['the form of a list', `ADD ["${site}/a.txt", "/with space/"]`, 'COPY [".reprise/added/1/a.txt","/with space/"]', [`${site}/a.txt`]],
    ['its options', `ADD --chown=1:2 --checksum=${digest} ${site}/a.txt /`, 'COPY --chown=1:2 .reprise/added/1/a.txt /', [`${site}/a.txt`]],
    ['its mode', `ADD --chmod=755 ${site}/a.txt /`, 'COPY .reprise/added/1/a.txt /', [`${site}/a.txt`]],
    ['over several lines', `ADD ${site}/a.txt \\\n  /data/\nRUN true`, 'COPY .reprise/added/1/a.txt /data/\n\nRUN true', [`${site}/a.txt`]],
    ['none', 'ADD data.tar.gz src/ /data/', 'ADD data.tar.gz src/ /data/', []],
  ])('%s', (_what, instruction, copied, urls) => {
    const { text, added } = taken(`FROM scratch\n${instruction}\n`);
    expect(text).toBe(`FROM scratch\n${copied}\n`);
    expect(added.map((each) => (each as { url: string }).url)).toEqual(urls);
  });

  it('with the checksum that it must have, and the place that names it', () => {
    expect(taken(`FROM scratch\n\nADD --checksum=${digest} ${site}/a.txt /`).added).toEqual([{ url: `${site}/a.txt`, checksum: digest, path: '.reprise/added/1/a.txt', mode: 0o600, place: `Dockerfile line 3: ADD ${site}/a.txt` }]);
  });
});

describe('what cannot be taken over is refused by its name', () => {
  it.each([
    ['a repository', 'ADD https://forge.example/team/code.git#main /code', 'git clone'],
    ['a repository by SSH', 'ADD git@forge.example:team/code.git /code', 'git clone'],
    ['an address beside files', `ADD ${site}/a.txt b.txt /`, 'instruction of its own'],
    ['an address that the base image completes', `ADD http://$HOST/a.txt /`, 'HOST'],
    ['an address that the base image is', `ADD $ADDRESS /`, 'ADDRESS'],
    ['an address for a later stage', `ONBUILD ADD ${site}/a.txt /`, 'later stage'],
    ['a name that is a pattern', `ADD ${site}/a%5Bb%5D /`, 'plain file name'],
    ['no name', `ADD ${site}/ /`, 'plain file name'],
    ['another protocol', 'ADD ftp://files.example/a.txt /', 'http and https'],
  ])('%s', (_what, instruction, words) => {
    expect(() => taken(`FROM scratch\n${instruction}\n`)).toThrow(expect.objectContaining({ type: 'BUILD_NETWORK_REFUSED', message: expect.stringMatching(new RegExp(`^Dockerfile line 2: ADD .*${words}`)) }));
  });
});
