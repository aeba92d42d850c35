import { describe, expect, it } from 'vitest';
import { entriesOfCopies, withoutNewerOptions } from '../../../activities/build/newer-options.ts';
import { treeOf } from '../../../domain/index.ts';

describe('an option that only BuildKit knows', () => {
  it.each([
    ['a link', 'COPY --link --chown=1 a b /x/', 'COPY --chown=1 ["a","b","/x/"]', []],
    ['a link of another stage', 'COPY --from=build --link /a /x', 'COPY --from=build ["/a","/x"]', []],
    ['a mode', 'COPY --chmod=755 run.sh *.py /x/', 'COPY [".reprise/modes/1/run.sh",".reprise/modes/1/*.py","/x/"]', [{ directory: '.reprise/modes/1', sources: ['run.sh', '*.py'], mode: 0o755 }]],
    ['a mode of everything', 'ARG D=/app\nCOPY --chmod=0700 . $D', 'ARG D=/app\nCOPY [".reprise/modes/1/","/app"]', [{ directory: '.reprise/modes/1', sources: ['.'], mode: 0o700 }]],
    ['a mode beside a here-document', 'COPY --chmod=600 .reprise/documents/1/EOF a /x/', 'COPY [".reprise/documents/1/EOF",".reprise/modes/1/a","/x/"]', [{ directory: '.reprise/modes/1', sources: ['.reprise/documents/1/EOF', 'a'], mode: 0o600 }]],
    ['over several lines', 'COPY --link \\\n  a \\\n  /x\nRUN b', 'COPY ["a","/x"]\n\n\nRUN b', []],
    ['none', 'COPY --chown=1 "a b" /x', 'COPY --chown=1 "a b" /x', []],
  ])('%s', (_what, instructions, expected, copies) => {
    expect(withoutNewerOptions('Dockerfile', `FROM x\n${instructions}\n`)).toEqual({ text: `FROM x\n${expected}\n`, copies });
  });

  it('of files of another image is refused, with its line', () => {
    expect(() => withoutNewerOptions('Dockerfile', 'FROM x\n\nCOPY --from=build --chmod=755 /a /x\n')).toThrow(/^Dockerfile line 3: --chmod of files from another image/);
  });
});

it('finds what is taken with a mode as the builder would, and its directories', () => {
  const file = (path: string) => ({ type: 'file', path, executable: false, sizeBytes: 1, sha256: 'a'.repeat(64) }) as const;
  const tree = treeOf([file('a/b/c.py'), file('a/d.txt'), file('e.py'), file('f.sh')]);
  const paths = (sources: string[]): string[] => entriesOfCopies(tree, [{ directory: 'm', sources, mode: 0o700 }]).map(({ type, path, mode }) => `${type} ${path} ${mode.toString(8)}`);
  expect(paths(['*.py'])).toEqual(['file m/e.py 700']);
  expect(paths(['a/'])).toEqual(['directory m/a 700', 'directory m/a/b 700', 'file m/a/b/c.py 700', 'file m/a/d.txt 700']);
  expect(paths(['.'])).toHaveLength(6);
});
