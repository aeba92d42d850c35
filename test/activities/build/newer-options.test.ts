import { describe, expect, it } from 'vitest';
import { stepsWithAdded, withAddedStages } from '../../../activities/build/added-stages.ts';
import { entriesOfCopies, withoutNewerOptions } from '../../../activities/build/newer-options.ts';
import { stepsOf } from '../../../activities/build/steps.ts';
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
    expect(withoutNewerOptions('Dockerfile', `FROM x\n${instructions}\n`)).toEqual({ text: `FROM x\n${expected}\n`, copies, stages: [] });
  });

  it('gives files of another stage or image their mode in a stage of its own', () => {
    const { text, stages } = withoutNewerOptions('Dockerfile', "ARG V=1\nFROM a\nFROM b AS last\nCOPY --from=0 --chmod=755 --chown=7 /a/*.sh 'o d/' /x/\nCOPY --from=tool:1 --chmod=0640 t /t\nCOPY --from=0 /a /y\n");
    const added = Buffer.from(withAddedStages(Buffer.from(text), stages)).toString('utf8').split('\n');
    expect(added).toEqual([
      'ARG V=1',
      'FROM a AS reprise-stage-0',
      'FROM reprise-stage-0 AS reprise-modes-1',
      'USER 0',
      `RUN ["/bin/sh","-c","chmod -R 755 /a/*.sh /o' 'd/"]`,
      'FROM tool:1 AS reprise-modes-2',
      'USER 0',
      'RUN ["/bin/sh","-c","chmod -R 640 /t"]',
      'FROM b AS last',
      'COPY --from=reprise-modes-1 --chown=7 ["/a/*.sh","o d/","/x/"]',
      'COPY --from=reprise-modes-2 ["t","/t"]',
      'COPY --from=0 /a /y',
      '',
    ]);
  });

  it('of a stage is counted by the engine under the instruction that needs it', () => {
    const text = 'FROM a\nRUN x\nFROM b\nCOPY --from=0 --chmod=755 /a /x\nRUN y\nFROM c\nCOPY --from=1 /x /z';
    const { text: older, stages } = withoutNewerOptions('Dockerfile', text);
    expect(stepsWithAdded(stepsOf(text, text), stages).map(({ number, line }) => `${number}:${line}`)).toEqual(['1:1', '2:2', '3:4', '4:4', '5:4', '6:3', '7:4', '8:5', '9:6', '10:7']);
    expect(Buffer.from(withAddedStages(Buffer.from(older), stages)).toString('utf8')).toMatch(/\nCOPY --from=2 \/x \/z$/);
  });

  it('of a source that only the base knows is refused, with its line', () => {
    expect(() => withoutNewerOptions('Dockerfile', 'FROM x\n\nCOPY --from=build --chmod=755 $A /x\n')).toThrow(/^Dockerfile line 3: --chmod of \$\{A\} of another image/);
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
