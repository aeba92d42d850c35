import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { rescoreHelm } from '../activities/rescore/index.ts';
import { hasSentenceModel, runHelm } from './helm/run.ts';

/*
 * npm run parity:helm [-- --size 60 --bias --keep DIR --record DIR]
 * Runs HELM 0.5.16 (installed from PyPI on first use) on offline scenarios against a deterministic local server, recomputes every
 * value of its result files from the stored answers, and ends with 1 where one differs or helm-run fails. --bias adds the bias metrics;
 * they and simple_short_answer_qa need NLTK's punkt_tab (NLTK_DATA). --record writes our own runs without indentation: test/fixtures/helm/runs holds five of --size 10 --bias.
 */
const { values: options } = parseArgs({
  options: { size: { type: 'string', default: '60' }, bias: { type: 'boolean', default: false }, keep: { type: 'string' }, record: { type: 'string' } },
});

if (!(await hasSentenceModel())) {
  process.stderr.write('Without simple_short_answer_qa, whose BLEU needs NLTK’s punkt_tab: unpack it into DIR/tokenizers and set NLTK_DATA=DIR\n');
  if (options.bias) process.exit(1);
}
const directory = options.keep ?? (await mkdtemp(join(tmpdir(), 'parity-helm-')));
const runs = await runHelm(directory, Number(options.size), options.bias);
let differing = 0;
for (const run of runs) {
  const report = await rescoreHelm(run);
  differing += report.differing.length;
  process.stdout.write(`${JSON.stringify({ run: basename(run), ...report, differing: report.differing.slice(0, 10) })}\n`);
  if (options.record !== undefined && basename(dirname(run)) !== 'offline') await record(run, options.record);
}
if (options.keep === undefined) await rm(directory, { recursive: true });
if (runs.length === 0 || differing > 0) process.exitCode = 1;

async function record(run: string, target: string): Promise<void> {
  const name = basename(run).replace(/:model=neurips_local/, '').replace(/[^\w-]+/g, '-').replace(/^reprise_/, '');
  await mkdir(join(target, name), { recursive: true });
  for (const file of ['run_spec.json', 'scenario_state.json', 'per_instance_stats.json', 'stats.json']) {
    const text = await readFile(join(run, file), 'utf8');
    await writeFile(join(target, name, file), `${JSON.stringify(JSON.parse(text.replaceAll(directory, '.')))}\n`);
  }
}
