import { plainText } from './logical-text.ts';
import type { Scope, Step } from './scope.ts';
import { readShell, type ShellReading } from './shell.ts';

/** The commands of a RUN in its three forms: shell, exec (JSON) and here-document. */
export function readRun({ instruction, scope }: Step): ShellReading {
  if (instruction.json) return readExec(instruction.json, instruction.line, scope);
  const [heredoc] = instruction.heredocs;
  if (heredoc && /^\s*<<-?["']?\w+["']?\s*(\n|$)/.test(instruction.text)) {
    return readShell(plainText(heredoc.content, heredoc.line), scope.lookup, scope.workdir);
  }
  return readShell(instruction, scope.lookup, scope.workdir);
}

/** The exec form: no shell expands it, unless it names one (`["sh", "-c", …]`). */
export function readExec(words: readonly string[], line: number, scope: Pick<Scope, 'lookup' | 'workdir'>): ShellReading {
  const text = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  return readShell({ text, lineAt: () => line }, scope.lookup, scope.workdir);
}
