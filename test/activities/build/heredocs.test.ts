import { describe, expect, it } from 'vitest';
import { withoutHeredocs } from '../../../activities/build/heredocs.ts';

it.each<[string, string, string]>([
  ['the shell’s text', 'FROM x\nRUN <<EOF\necho "a"\n  exit 0\nEOF\nRUN b', 'FROM x\nRUN ["/bin/sh","-c","echo \\"a\\"\\n  exit 0\\n"]\n\n\n\nRUN b'],
  ['without leading tabs', 'FROM x\nRUN <<-\'EOF\'\n\ta\n\tEOF\n', 'FROM x\nRUN ["/bin/sh","-c","a\\n"]\n\n\n'],
  ['of another shell', 'FROM x\nSHELL ["/bin/bash", "-ec"]\nRUN <<EOF\na\nEOF\n', 'FROM x\nSHELL ["/bin/bash", "-ec"]\nRUN ["/bin/bash","-ec","a\\n"]\n\n\n'],
  ['a command’s input', 'FROM x\nRUN cat <<A > /f && b\nq\nA\nRUN c', 'FROM x\nRUN ["/bin/sh","-c","cat <<A > /f && b\\nq\\nA\\n"]\n\n\nRUN c'],
  ['with continued lines in it', 'FROM x\nRUN <<EOF\na \\\n  b\nEOF\nRUN c', 'FROM x\nRUN ["/bin/sh","-c","a \\\\\\n  b\\n"]\n\n\n\nRUN c'],
  ['with each of its mounts', 'FROM x\nRUN --mount=type=cache,target=/a --mount=type=cache,target=/b <<EOF\na\nEOF\n', 'FROM x\nRUN --mount=type=cache,target=/a --mount=type=cache,target=/b ["/bin/sh","-c","a\\n"]\n\n\n'],
  ['none', 'FROM x\nRUN a << 1\n', 'FROM x\nRUN a << 1\n'],
])('a here-document becomes %s in exec form, on as many lines', (_what, text, expected) => {
  expect(withoutHeredocs('Dockerfile', text)).toEqual({ text: expected, files: [] });
});

function copied(instructions: string, before = ''): { lines: string[]; files: [path: string, content: string, mode: number | undefined][] } {
  const { text, files } = withoutHeredocs('Dockerfile', `FROM x\n${before}${instructions}\nRUN b`);
  expect(text.split('\n')).toHaveLength(`FROM x\n${before}${instructions}\nRUN b`.split('\n').length);
  const lines = text.slice(`FROM x\n${before}`.length).split('\n').filter((line) => line.trim() !== '');
  expect(lines.pop()).toBe('RUN b');
  return { lines, files: files.map(({ path, bytes, mode }) => [path, Buffer.from(bytes).toString(), mode]) };
}

const documents = '.reprise/documents';

describe('a file in a here-document comes from the context', () => {
  it.each<[string, string, string, string]>([
    ['as it is where its name stands in quotes', 'COPY <<"EOF" /x\na $V "b" \\n\nEOF', 'a $V "b" \\n\n', '/x'],
    ['with variables of the Dockerfile where it does not', 'COPY <<EOF /x\n$V ${V:-c} ${W:-d} "$V" \'$V\'\nEOF', 'v v d "v" \'v\'\n', '/x'],
    ['without what only a shell knows', 'COPY <<EOF /x\n$1|$@|$(id)|\\$V|\\\\\nEOF', '||$(id)|$V|\\\n', '/x'],
    ['without its leading tabs', 'COPY <<-EOF /x\n\ta\n\t\tb\n  c\n\tEOF', 'a\nb\n  c\n', '/x'],
    ['empty', 'COPY <<EOF /x\nEOF', '', '/x'],
    ['with one empty line', 'COPY <<EOF /x\n\nEOF', '\n', '/x'],
    ['with what looks like instructions and comments', 'COPY <<EOF /x\n# a\nRUN c \\\n\nFROM y\nEOF', '# a\nRUN c \n\nFROM y\n', '/x'],
    ['from a continued line', 'COPY <<EOF \\\n  /x\na\nEOF', 'a\n', '/x'],
  ])('%s', (_what, instruction, content, target) => {
    expect(copied(instruction, 'ARG V=v\n')).toEqual({ lines: [`COPY ${documents}/1/EOF ${target}`], files: [[`${documents}/1/EOF`, content, 0o644]] });
  });

  it('each of several, under its own name', () => {
    expect(copied('COPY <<a.txt <<b.txt /x/\nq\na.txt\nr\nb.txt')).toEqual({
      lines: [`COPY ${documents}/1/a.txt ${documents}/2/b.txt /x/`],
      files: [[`${documents}/1/a.txt`, 'q\n', 0o644], [`${documents}/2/b.txt`, 'r\n', 0o644]],
    });
  });

  it.each<[string, string, string, number]>([
    ['its mode and owner', 'COPY --chmod=755 --chown=1:2 <<EOF /x\na\nEOF', `COPY --chown=1:2 ${documents}/1/EOF /x`, 0o755],
    ['a mode that is a variable', 'ARG M=0600\nCOPY --chmod=$M <<EOF /x\na\nEOF', `COPY ${documents}/1/EOF /x`, 0o600],
    ['ADD', 'ADD <<EOF /x\na\nEOF', `COPY ${documents}/1/EOF /x`, 0o644],
    ['files of the context beside it', 'ADD a.tar <<EOF /x/\na\nEOF', `ADD a.tar ${documents}/1/EOF /x/`, 0o644],
  ])('with %s', (_what, instructions, line, mode) => {
    const { lines, files } = copied(instructions);
    expect(lines.at(-1)).toBe(line);
    expect(files).toEqual([[`${documents}/1/EOF`, 'a\n', mode]]);
  });

  it('of a Windows file with single line ends', () => {
    const { text, files } = withoutHeredocs('Dockerfile', 'FROM x\r\nCOPY <<EOF /x\r\na\r\nb\r\nEOF\r\nRUN c\r\n');
    expect(text).toBe(`FROM x\r\nCOPY ${documents}/1/EOF /x\r\n\r\n\r\n\r\nRUN c\r\n`);
    expect(files.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(['a\nb\n']);
  });

  it('without what has no value anywhere, where there is no base', () => {
    const { files } = withoutHeredocs('Dockerfile', 'FROM scratch\nCOPY <<EOF /x\na$PATH\nEOF\n');
    expect(files.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(['a\n']);
  });
});

it.each([
  ['a variable that only the base image may have', 'COPY <<EOF /a\n$PATH\nEOF', /^Dockerfile line 2: the here-document <<EOF names PATH/],
  ['a mode in letters', 'COPY --chmod=u+x <<EOF /a\nb\nEOF', /^Dockerfile line 2: --chmod=u\+x is not built here/],
])('refuses %s, with its line', (_what, instruction, message) => {
  expect(() => withoutHeredocs('Dockerfile', `FROM x\n${instruction}\n`)).toThrow(expect.objectContaining({ type: 'DOCKERFILE_UNSUPPORTED', message: expect.stringMatching(message) }));
});
