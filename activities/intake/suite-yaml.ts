import { isNode, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { invalid } from './suite-lines.ts';

export interface LocatedYaml<Value> {
  value: Value;
  /** Of the innermost part of a path that is there. */
  lineOf(place: readonly PropertyKey[]): number;
}

/** A YAML text in the shape of `schema`. Failures: SUITE_INVALID naming `file` and the line of everything that is wrong. */
export function readYaml<Schema extends z.ZodType>(file: string, text: string, schema: Schema): LocatedYaml<z.infer<Schema>> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [broken] = document.errors;
  if (broken) throw invalid(`${file} line ${lines.linePos(broken.pos[0]).line}`, broken.message);
  const lineOf = (place: readonly PropertyKey[]): number => {
    for (let length = place.length; length > 0; length -= 1) {
      const node = document.getIn(place.slice(0, length) as (string | number)[], true);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
    return 1;
  };
  const parsed = schema.safeParse(document.toJS() ?? {});
  if (parsed.success) return { value: parsed.data, lineOf };
  throw invalid(file, parsed.error.issues.map((issue) => `line ${lineOf(issue.path)}, ${issue.path.join('.') || 'the file'}: ${issue.message}`).join('; '));
}
