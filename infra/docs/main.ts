import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkTable, configurationTable, failureTable, limitTable, pinReportSchema, policyTable, requestSchema, suiteSchemas } from './tables.ts';

const root = join(import.meta.dirname, '..', '..');

/** Where each generated table stands: between `<!-- name -->` and `<!-- /name -->`. */
export const generated = [
  { file: 'README.md', name: 'configuration', text: configurationTable },
  { file: 'docs/failures.md', name: 'failures', text: failureTable },
  { file: 'docs/failures.md', name: 'checks', text: checkTable },
  { file: 'docs/limits.md', name: 'limits', text: limitTable },
  { file: 'docs/limits.md', name: 'policies', text: policyTable },
  { file: 'docs/request.md', name: 'request', text: requestSchema },
  { file: 'docs/pin-report.md', name: 'pin-report', text: pinReportSchema },
  { file: 'docs/suites.md', name: 'suites', text: suiteSchemas },
];

/** A document with one generated table put in its place. Throws where the document has no place for it. */
export function withTable(document: string, name: string, table: string): string {
  const place = new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(<!-- /${name} -->)`);
  if (!place.test(document)) throw new Error(`the document has no <!-- ${name} --> … <!-- /${name} -->`);
  return document.replace(place, (_all, before: string, after: string) => `${before}\n${table}\n\n${after}`);
}

function writeDocuments(): void {
  for (const { file, name, text } of generated) {
    const path = join(root, file);
    writeFileSync(path, withTable(readFileSync(path, 'utf8'), name, text()));
  }
}

if (import.meta.main) writeDocuments();
