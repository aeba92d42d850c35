import { expect, it } from 'vitest';
import { withoutHeredocs } from '../../../activities/build/heredocs.ts';

it.each<[string, string, string]>([
  ['the shell’s text', 'FROM x\nRUN <<EOF\necho "a"\n  exit 0\nEOF\nRUN b', 'FROM x\nRUN ["/bin/sh","-c","echo \\"a\\"\\n  exit 0\\n"]\n\n\n\nRUN b'],
  ['without leading tabs', 'FROM x\nRUN <<-\'EOF\'\n\ta\n\tEOF\n', 'FROM x\nRUN ["/bin/sh","-c","a\\n"]\n\n\n'],
  ['of another shell', 'FROM x\nSHELL ["/bin/bash", "-ec"]\nRUN <<EOF\na\nEOF\n', 'FROM x\nSHELL ["/bin/bash", "-ec"]\nRUN ["/bin/bash","-ec","a\\n"]\n\n\n'],
  ['a command’s input', 'FROM x\nRUN cat <<A > /f && b\nq\nA\nRUN c', 'FROM x\nRUN ["/bin/sh","-c","cat <<A > /f && b\\nq\\nA\\n"]\n\n\nRUN c'],
  ['none', 'FROM x\nRUN a << 1\n', 'FROM x\nRUN a << 1\n'],
])('a here-document becomes %s in exec form, on as many lines', (_what, text, expected) => {
  expect(withoutHeredocs('Dockerfile', text)).toBe(expected);
});

it('a file in a here-document is refused with its line', () => {
  expect(() => withoutHeredocs('Dockerfile', 'FROM x\nCOPY <<EOF /a\nb\nEOF\n')).toThrow(/Dockerfile line 2: COPY with a here-document/);
});
