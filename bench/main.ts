/** `npm run bench [name…]`: runs each bench as a process of its own, one after the other, and prints one JSON document. */
import { join } from 'node:path';
import { execa } from 'execa';

/** A bench prints one JSON document on stdout. */
const benches = ['run', 'workflow', 'upload', 'check', 'scan', 'scan-image', 'evaluate', 'helm', 'ranking', 'analysis', 'record', 'deadline'];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !benches.includes(name));
if (unknown.length > 0) throw new Error(`there is no bench ${unknown.join(', ')}; there are ${benches.join(', ')}`);

const results: Record<string, unknown> = {};
for (const name of wanted.length > 0 ? wanted : benches) {
  process.stderr.write(`bench ${name} …\n`);
  const { stdout } = await execa('node', [join(import.meta.dirname, `${name}.ts`)], { stderr: 'inherit' });
  results[name] = JSON.parse(stdout);
}
process.stdout.write(`${JSON.stringify({ schema: 'reprise.bench/v1', at: new Date().toISOString(), node: process.version, results }, null, 2)}\n`);
