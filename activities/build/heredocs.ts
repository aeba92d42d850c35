import { failure } from '../failure.ts';
import type { ExtraFile } from '../io/trees.ts';
import { parseDockerfile, type Dockerfile, type Instruction } from '../pin/dockerfile.ts';
import { stepsOf, type Step } from '../pin/scope.ts';
import { expandDocument, expandWord, splitWords, type Lookup } from '../pin/words.ts';

export interface WithoutHeredocs {
  text: string;
  /** What COPY and ADD find in the build context in the place of here-documents. */
  files: ExtraFile[];
}

/**
 * The Dockerfile without here-documents, which the classic builder does not know: a RUN with one becomes its exec form, in which
 * the shell gets the same text; a file of COPY or ADD comes from the build context. No instruction and no line moves. Failures:
 * DOCKERFILE_INVALID for a document without an end, DOCKERFILE_UNSUPPORTED for files whose name or content cannot be told before the build.
 */
export function withoutHeredocs(name: string, text: string): WithoutHeredocs {
  const dockerfile = parseDockerfile(Buffer.from(text));
  const steps = stepsOf(dockerfile).filter(({ instruction }) => instruction.heredocs.length > 0 && !instruction.json);
  const lines = [...dockerfile.lines];
  const files: ExtraFile[] = [];
  for (const step of steps) {
    const { keyword, line, endLine } = step.instruction;
    const lineEnd = lines[line - 1]?.endsWith('\r') ? '\r' : '';
    const replaced = keyword === 'RUN' ? runOf(step) : copyOf(dockerfile, step, files, `${name} line ${line}`);
    lines[line - 1] = `${replaced}${lineEnd}`;
    lines.fill(lineEnd, line, endLine);
  }
  return { text: steps.length === 0 ? text : lines.join('\n'), files };
}

function runOf({ instruction, scope }: Step): string {
  return ['RUN', ...instruction.options, JSON.stringify([...scope.shell, scriptOf(instruction)])].join(' ');
}

/** `RUN <<EOF` gives the shell the document itself, or runs it as a program where it names one; any other is the shell's own. */
function scriptOf({ text, heredocs }: Instruction): string {
  if (!/^\s*<<-?["']?[\w.@+-]+["']?[ \t]*\r?(?:\n|$)/.test(text)) return `${text.trim().replaceAll('\r\n', '\n')}\n`;
  const document = heredocs[0]?.content ?? '';
  return document.startsWith('#!') ? `f=$(mktemp) && cat > "$f" <<'REPRISE_DOCUMENT'\n${document}REPRISE_DOCUMENT\nchmod +x "$f" && "$f"; s=$?; rm -f "$f"; exit $s\n` : document;
}

/** In the build context. */
export const documentsDirectory = '.reprise/documents/';

/** As BuildKit leaves such a file unless --chmod says otherwise. */
const fileMode = 0o644;

/** The instruction with a path of the context for each here-document, which is added to `files`. */
function copyOf({ escape }: Dockerfile, { instruction, scope, stage }: Step, files: ExtraFile[], place: string): string {
  const { keyword, heredocs, options, text, flags } = instruction;
  const words = splitWords(text.split('\n')[0] ?? '', escape);
  const mode = modeOf(flags['chmod'] && expandWord(flags['chmod'], scope.lookup, escape).value, place) ?? fileMode;
  let count = 0;
  const paths = words.map((word) => {
    if (!/^\d*<</.test(word)) return word;
    const document = heredocs[count];
    if (!document) throw failure('DOCKERFILE_INVALID', `${place}: the here-document ${word} has no end`);
    count += 1;
    // BuildKit leaves empty what has no value; the variables of a base image are not known here.
    const lookup: Lookup = stage.base === 'scratch' ? (variable) => scope.lookup(variable) ?? '' : scope.lookup;
    const { value, unresolved } = document.expands ? expandDocument(document.content, lookup) : { value: document.content, unresolved: [] };
    if (unresolved.length > 0) throw failure('DOCKERFILE_UNSUPPORTED', `${place}: the here-document ${word} names ${unresolved.join(', ')}, which has no value in the Dockerfile; declare it, or put the name of the document into quotes`);
    const path = `${documentsDirectory}${files.length + 1}/${document.name}`;
    files.push({ path, bytes: Buffer.from(value), mode });
    return path;
  });
  const onlyDocuments = count === words.length - 1;
  const kept = onlyDocuments ? options.filter((option) => !option.startsWith('--chmod=')) : options;
  return [onlyDocuments ? 'COPY' : keyword, ...kept, ...paths].join(' ');
}

/** Undefined where none is given. */
export function modeOf(chmod: string | undefined, place: string): number | undefined {
  if (chmod === undefined) return undefined;
  if (/^[0-7]{3,4}$/.test(chmod)) return Number.parseInt(chmod, 8);
  throw failure('DOCKERFILE_UNSUPPORTED', `${place}: --chmod=${chmod} is not built here; give the mode in octal digits`);
}
