import { describe, expect, it, test } from 'vitest';
import { parseDockerfile } from '../../../activities/pin/dockerfile.ts';
import { readRun } from '../../../activities/pin/run-text.ts';
import { stepsOf } from '../../../activities/pin/scope.ts';

const parse = (text: string | Uint8Array): ReturnType<typeof parseDockerfile> => parseDockerfile(typeof text === 'string' ? Buffer.from(text) : text);

/** The commands of all RUN lines, with their lines. */
function commandsOf(text: string): string[] {
  const steps = stepsOf(parse(text)).filter((step) => step.instruction.keyword === 'RUN');
  return steps.flatMap((step) =>
    readRun(step).commands.map(
      (command) => `${command.line} ${command.directory ?? '?'} ${[command.name, ...command.words.map((word) => word.value)].join(' ')}`,
    ),
  );
}

describe('a base', () => {
  it.each([
    ['FROM debian:bookworm', 'debian:bookworm', []],
    ['ARG V=3.10\nFROM python:${V}-slim', 'python:3.10-slim', []],
    ['FROM python:${V:-3.11}', 'python:3.11', []],
    ['ARG V\nFROM python:$V', 'python:${V}', ['V']],
    ['FROM --platform=linux/amd64 debian AS x', 'debian', []],
    ['from debian', 'debian', []],
  ])('of %j is %s', (text, base, unresolved) => {
    expect(parse(text).stages[0]).toMatchObject({ base, unresolved });
  });

  it('may be an earlier stage', () => {
    expect(parse('FROM a AS Build\nFROM build\nFROM b').stages.map((stage) => stage.parent)).toEqual([undefined, 0, undefined]);
  });
});

it.each(['FROM y', 'ONBUILD RUN a', 'maintainer m'])('a trigger that the builder refuses is named: ONBUILD %s', (trigger) => {
  expect(parse(`FROM x\nONBUILD ${trigger}\nONBUILD RUN a\n`).problems).toEqual([{ line: 2, kind: 'no-instruction', message: expect.stringContaining('is refused') }]);
});

describe('a RUN', () => {
  it.each([
    ['continued, with comments and empty lines', 'FROM x\nRUN a \\\n # no\n\n  && b \\\n  && c', ['2 / a', '5 / b', '6 / c']],
    ['with Windows line ends', 'FROM x\r\nRUN a \\\r\n  && b\r\n', ['2 / a', '3 / b']],
    ['with another escape character', '# escape=`\nFROM x\nRUN a `\n  b\n', ['3 / a b']],
    ['in exec form', 'FROM x\nRUN ["pip", "install", "a b", "$X"]', ['2 / pip install a b $X']],
    ['in exec form with a shell', 'FROM x\nRUN ["bash", "-c", "cd /y && z"]', ['2 / cd /y', '2 /y z']],
    ['as a here-document', 'FROM x\nRUN <<EOF\na\nb\nEOF\nRUN c', ['3 / a', '4 / b', '6 / c']],
    ['in a directory', 'FROM x\nWORKDIR /a\nWORKDIR b\nRUN cd c && (cd /d; e); f', ['4 /a/b cd c', '4 /a/b/c cd /d', '4 /d e', '4 /a/b/c f']],
    ['through sudo, env and bash', 'FROM x\nRUN sudo -u a env B=c timeout 5 bash -lc "pip install d && e"', ['2 / pip install d', '2 / e']],
    ['with variables of ENV, ARG and the shell', 'FROM x\nENV A=1\nARG B=2\nRUN C=3; echo $A ${B} $C ${D:-4} $E', ['4 / echo 1 2 3 4 $E']],
    ['after a comment in back-quotes', 'FROM x\nRUN `# why` a && \\\n  `# what` \\\n  b', ['2 / a', '3 / b']],
    [
      'with conditions, loops and functions',
      'FROM x\nRUN if a; then b; fi; for i in 1; do c; done; f() { d; }',
      ['2 / a', '2 / b', '2 / c', '2 / d'],
    ],
  ])('%s is read', (_what, text, commands) => {
    expect(commandsOf(text)).toEqual(commands);
  });

  it('sees the variables of the stage that its own continues, but not its arguments', () => {
    expect(commandsOf('FROM x AS a\nENV E=1\nARG F=2\nFROM a\nRUN echo $E $F')).toEqual(['5 / echo 1 $F']);
  });

  it('sees the value that holds at its line', () => {
    expect(commandsOf('FROM x\nENV A=1\nRUN echo $A\nENV A=2\nRUN echo $A')).toEqual(['3 / echo 1', '5 / echo 2']);
  });
});

test.each([
  ['nothing', '', 'empty', 1],
  ['only comments', '# a\n\n# b\n', 'empty', 1],
  ['no FROM', 'ARG A=1\n', 'no-stage', 1],
  ['an instruction before FROM', 'RUN a\nFROM b\n', 'no-stage', 1],
  ['a line that is no instruction', 'FROM a\nRUN b\ngit clone c\n', 'no-instruction', 3],
  ['an instruction without an argument', 'FROM a\nRUN\n', 'incomplete', 2],
  ['bytes that are not UTF-8', Uint8Array.from([...Buffer.from('FROM a\nRUN '), 0xff]), 'not-text', 2],
  ['2 MiB', Buffer.alloc(2 * 1024 * 1024, 'RUN a\n'), 'too-large', 1],
  ['a line of 100,000 characters', `FROM a\nRUN ${'b'.repeat(100_000)}`, 'too-large', 1],
])('%s is refused with its line', (_what, text, kind, line) => {
  expect(parse(text).problems[0]).toMatchObject({ kind, line });
});

test('a variable that doubles itself has no known value', () => {
  const text = `FROM x\nENV A=0123456789\n${'ENV A=$A$A\n'.repeat(60)}RUN a=$A; ${'a=$a$a; '.repeat(60)} echo $a`;
  expect(commandsOf(text)).toHaveLength(1);
});
