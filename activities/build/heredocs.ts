import { failure } from '../failure.ts';
import { parseDockerfile, type Instruction } from '../pin/dockerfile.ts';
import { stepsOf } from '../pin/scope.ts';

/**
 * The Dockerfile without here-documents, which the classic builder does not know: a RUN with one becomes its exec form, in which
 * the shell gets the same text. No instruction and no line moves. Failures: DOCKERFILE_INVALID for COPY and ADD with one.
 */
export function withoutHeredocs(name: string, text: string): string {
  const dockerfile = parseDockerfile(Buffer.from(text));
  const steps = stepsOf(dockerfile).filter(({ instruction }) => instruction.heredocs.length > 0 && !instruction.json);
  if (steps.length === 0) return text;
  const lines = [...dockerfile.lines];
  for (const { instruction, scope } of steps) {
    const { keyword, line, endLine, flags } = instruction;
    if (keyword !== 'RUN') throw failure('DOCKERFILE_INVALID', `${name} line ${line}: ${keyword} with a here-document is not built here; put the file into the build context`);
    const options = Object.entries(flags).map(([flag, value]) => `--${flag}${value === '' ? '' : `=${value}`} `).join('');
    const lineEnd = lines[line - 1]?.endsWith('\r') ? '\r' : '';
    lines[line - 1] = `RUN ${options}${JSON.stringify([...scope.shell, scriptOf(instruction)])}${lineEnd}`;
    lines.fill(lineEnd, line, endLine);
  }
  return lines.join('\n');
}

/** `RUN <<EOF` gives the shell the document itself, or runs it as a program where it names one; any other is the shell's own. */
function scriptOf({ text, heredocs }: Instruction): string {
  const whole = /^\s*<<(-?)["']?\w+["']?[ \t]*\r?(?:\n|$)/.exec(text);
  if (!whole) return `${text.trim().replaceAll('\r\n', '\n')}\n`;
  const document = heredocs[0]?.body ?? '';
  const body = whole[1] === '-' ? document.replaceAll(/^\t+/gm, '') : document;
  return body.startsWith('#!') ? `f=$(mktemp) && cat > "$f" <<'REPRISE_DOCUMENT'\n${body}\nREPRISE_DOCUMENT\nchmod +x "$f" && "$f"; s=$?; rm -f "$f"; exit $s\n` : `${body}\n`;
}
