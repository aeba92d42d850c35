import { describe, expect, it, test } from 'vitest';
import { formatText, formatTree, parseText, parseTree } from '../../../activities/publish/git-objects.ts';

const id = (digit: string): string => digit.repeat(40);
const people = 'author Ada <ada@example.org> 1700000000 +0000\ncommitter Ada <ada@example.org> 1700000000 +0000\n';

describe('a commit or tag that nothing changes in is written byte for byte as it was', () => {
  it.each([
    ['with a message', `tree ${id('1')}\nparent ${id('2')}\n${people}\nfirst line\n\nsecond\n`],
    ['with no parent', `tree ${id('1')}\n${people}\nfirst\n`],
    ['of three branches', `tree ${id('1')}\nparent ${id('2')}\nparent ${id('3')}\nparent ${id('4')}\n${people}\nmerged\n`],
    ['with an empty message', `tree ${id('1')}\n${people}\n`],
    ['without an end of the message’s line', `tree ${id('1')}\n${people}\nno newline`],
    ['in another encoding', `tree ${id('1')}\n${people}encoding ISO-8859-1\n\nna\xefve\n`],
    ['with Windows line ends', `tree ${id('1')}\n${people}\none\r\ntwo\r\n`],
    ['whose message names a tree', `tree ${id('1')}\n${people}\ntree ${id('5')}\nparent ${id('6')}\n`],
    ['that is a tag', `object ${id('1')}\ntype commit\ntag v1\ntagger Ada <ada@example.org> 1700000000 +0000\n\nreleased\n`],
  ])('%s', (_what, text) => {
    const bytes = Buffer.from(text, 'latin1');
    const { ids, text: rest, isSigned } = parseText(bytes);
    expect(isSigned).toBe(false);
    expect(formatText(ids, rest).equals(bytes)).toBe(true);
  });
});

it.each([
  ['a commit', `tree ${id('1')}\n${people}gpgsig -----BEGIN PGP SIGNATURE-----\n \n abc\n -----END PGP SIGNATURE-----\n\nsigned\n`, `tree ${id('1')}\n${people}\nsigned\n`],
  ['a merge of a signed tag', `tree ${id('1')}\n${people}mergetag object ${id('2')}\n type commit\n tag v1\n\nmerged\n`, `tree ${id('1')}\n${people}\nmerged\n`],
  ['a tag', `object ${id('1')}\ntype commit\ntag v1\n\nreleased\n-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n`, `object ${id('1')}\ntype commit\ntag v1\n\nreleased\n`],
])('the signature of %s is told and left out', (_what, text, unsigned) => {
  const { ids, text: rest, isSigned } = parseText(Buffer.from(text));
  expect(isSigned).toBe(true);
  expect(formatText(ids, rest).toString()).toBe(unsigned);
});

test('a tree keeps modes, names that are no text, and git’s order, in which a directory ends in a slash', () => {
  const entries = [
    { mode: '100644', name: Buffer.from('a.b'), id: id('1') },
    { mode: '40000', name: Buffer.from('a'), id: id('2') },
    { mode: '120000', name: Buffer.from([0xff, 0x0a]), id: id('3') },
    { mode: '160000', name: Buffer.from('a-sub'), id: id('4') },
  ];
  const bytes = formatTree(entries);
  expect(parseTree(bytes, 'sha1').map(({ name }) => name.toString('latin1'))).toEqual(['a-sub', 'a.b', 'a', '\xff\n']);
  expect(formatTree(parseTree(bytes, 'sha1')).equals(bytes)).toBe(true);
});
