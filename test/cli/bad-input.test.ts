import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
let scratch: string;
beforeEach(() => (scratch = mkdtempSync(join(tmpdir(), 'reprise-bad-input-'))));
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

const question = (id: string, more: object = {}): string => `${JSON.stringify({ id, prompt: 'p', references: ['x'], metrics: ['exact_match'], ...more })}\n`;
const table = (second: string): string => `{"schema":"reprise.results/v1",\n"columns":[{"id":"c","scenario":"s","stage":"open","better":"higher"}],\n"models":[{"id":"a","values":{"c":1}},\n${second}]}`;
const helmRun = join(root, 'test', 'fixtures', 'helm', 'runs', 'bbq');

function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(scratch, path)), { recursive: true });
  writeFileSync(join(scratch, path), content);
}

async function reprise(...args: string[]): Promise<{ exitCode: number | undefined; stdout: string; stderr: string }> {
  const env = { REPRISE_HOME: join(scratch, 'home'), REPRISE_SUITE_KEY_FILE: join(scratch, 'suite.key') };
  const { exitCode, stdout, stderr } = await execa('node', [join(root, 'cli', 'main.ts'), ...args], { cwd: scratch, env, reject: false, preferLocal: true, localDir: root });
  return { exitCode, stdout, stderr };
}

type Case = [what: string, files: Record<string, string>, command: string[], words: string];

describe('what is wrong is named with its place and a next step, and ends with 2', { timeout: 60_000 }, () => {
  it.each<Case>([
    ['a broken line of a suite', { 's/open/a.jsonl': `${question('a')}{"id":` }, ['suite', 'show', 's'], 'open/a.jsonl line 2: is not valid JSON'],
    ['an id that is there twice', { 's/open/a.jsonl': question('a') + question('a') }, ['suite', 'show', 's'], 'open/a.jsonl line 2: the id "a" stands in open/a.jsonl line 1 already'],
    ['an unknown metric', { 's/open/a.jsonl': question('a', { metrics: ['magic'] }) }, ['suite', 'show', 's'], 'open/a.jsonl line 1: metrics: "magic" is unknown; known are exact_match'],
    ['a metric of all questions together where single ones stand', { 's/open/a.jsonl': question('a', { metrics: ['ece_10_bin'] }) }, ['suite', 'show', 's'], 'open/a.jsonl line 1: metrics: "ece_10_bin" is of all questions together; name it under groupMetrics'],
    ['a wrong suite.yaml', { 's/open/a.jsonl': question('a'), 's/suite.yaml': 'name: s\nscenarios:\n  - { name: a, stage: opn }\n' }, ['suite', 'show', 's'], 'suite.yaml: line 3, scenarios.0.stage'],
    ['no reference', { 's/open/a.jsonl': question('a', { references: undefined }) }, ['suite', 'show', 's'], 'open/a.jsonl line 1: references: is missing'],
    ['an empty list of references', { 's/open/a.jsonl': question('a', { references: [] }) }, ['suite', 'show', 's'], 'open/a.jsonl line 1: references: is empty; one at least is needed'],
    ['a prompt of 100 MB', { 's/open/a.jsonl': question('a') + question('b', { prompt: 'x'.repeat(100_000_000) }) }, ['suite', 'show', 's'], 'open/a.jsonl line 2: is larger than 8388608 bytes'],
    ['NaN in a results table', { 'r.json': table('{"id":"b","values":{"c":NaN}}') }, ['score', 'r.json', '--rule', 'helm'], 'line 4, models[1].values.c: NaN is no value; write null'],
    ['a model that is there twice', { 'r.json': table('{"id":"a","values":{"c":1}}') }, ['score', 'r.json', '--rule', 'helm'], 'line 4, models[1].id: there is a model "a" before'],
    ['an unknown column', { 'r.json': table('{"id":"b","values":{"d":1}}') }, ['score', 'r.json', '--rule', 'helm'], 'line 4, models[1].values.d: there is no such column'],
    ['one model alone', { 'r.json': table('').replace('}},', '}}') }, ['score', 'r.json', '--rule', 'helm'], 'line 3, models: a ranking needs two models'],
    ['nothing but null', { 'r.json': table('{"id":"b","values":{"c":null}}').replace('"c":1', '"c":null') }, ['score', 'r.json', '--rule', 'helm'], 'line 3, models: no model has any value'],
    ['a number of replicates that is none', { 'r.json': table('{"id":"b","values":{"c":1}}') }, ['score', 'r.json', '--rule', 'helm', '--bootstrap', 'many'], 'It is a whole number'],
    ['a table without single questions', { 'r.json': table('{"id":"b","values":{"c":1}}') }, ['eliminate', 'r.json', '--keep', '1'], 'no values of single questions'],
    ['pairs without a line', { 'p.jsonl': '' }, ['metric', 'exact_match', 'p.jsonl'], 'p.jsonl: is empty'],
    ['a port that is none', {}, ['check', '.', '--port', 'eighty'], 'It is a port, 1 to 65535'],
    ['an unknown option', {}, ['audit', '--resore', 'x'], '(Did you mean --rescore?)\n  Next: reprise audit --help'],
    ['an unknown command below a command', {}, ['suite', 'bild'], "unknown command 'bild'\n(Did you mean build?)\n  Next: reprise suite --help"],
    ['a command that needs another below it', {}, ['suite'], 'Usage: reprise suite'],
    ['a directory without a repository', { 'd/a.txt': 'x' }, ['scan', 'git:d'], 'd holds no repository'],
    ['a name of an image that leads elsewhere', {}, ['scan', 'image:a/../../version'], 'the engine has no image "a/../../version"'],
    ['a run that is a wrong path', {}, ['audit', './evidence'], 'there is no directory ./evidence'],
    ['a directory that holds no evidence', { 'd/a.txt': 'x' }, ['audit', 'd'], 'was not made by `reprise export`'],
    ['a key that is not there', { 'd/publication.json': '{}' }, ['audit', 'd', '--key', 'none.pem'], 'none.pem is not there'],
    ['a replay of nothing', { 'd/Dockerfile': 'FROM x' }, ['pin', 'd', '--out', 'o', '--replay'], 'there is no o/pin-report.json'],
    ['training data that is not there', { 's/open/a.jsonl': question('a') }, ['contamination', 's', 'none.jsonl'], 'the training data none.jsonl cannot be read'],
    ['a word list that is not given', { 'd.yaml': 'name: x\nscenarios:\n  - { name: g, format: gsm8k, files: [{ path: test.jsonl }], perturbations: [fairness] }\n', 'test.jsonl': '{"question":"q","answer":"a"}\n' }, ['suite', 'build', 'd.yaml', '--out', 'o'], 'lists: { dialect: { path: FILE } }'],
  ])('%s', async (_what, files, command, words) => {
    for (const [path, content] of Object.entries(files)) write(path, content);
    const { exitCode, stdout, stderr } = await reprise(...command);
    expect(stderr).toContain(words);
    if (!stderr.startsWith('Usage: ')) expect(stderr).toContain('\n  Next: ');
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(readdirSync(scratch).filter((name) => name === 'o')).toEqual([]);
  });

  it.each(['start', 'reproduce'].flatMap((command) => [
    { command, suite: 'none', words: 'none: is not a directory' },
    { command, suite: 's', words: 'open/a.jsonl line 2: is not valid JSON' },
  ]))('a suite that $command is given as $suite, before anything is started', async ({ command, suite, words }) => {
    write('entry/Dockerfile', 'FROM scratch\n');
    write('s/open/a.jsonl', `${question('a')}{"id":\n`);
    const { exitCode, stdout, stderr } = await reprise(command, 'entry', '--suite', suite);
    expect(stderr).toContain(words);
    expect(stderr).toContain('\n  Next: ');
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(readdirSync(scratch)).not.toContain('home');
  });

  it.each([
    ['is broken', 'a: [', /home\/config\.yaml is not usable: Flow sequence.* at line 1, column \d+\n/],
    ['is a list', '- a', /home\/config\.yaml is not usable: it is no list of/],
    ['names what is no setting', 'bogus: 1', /bogus \(.*home\/config\.yaml\): there is no such setting/],
    ['gives a wrong value', 'recordBuilds: perhaps', /recordBuilds \(REPRISE_RECORD_BUILDS or .*home\/config\.yaml\)/],
  ])('a config.yaml that %s is the operator’s to correct', async (_what, text, words) => {
    write('home/config.yaml', text);
    const { exitCode, stderr } = await reprise('list');
    expect(stderr).toMatch(words);
    expect(stderr).toContain('\n  Next: Correct the named variable or file.');
    expect(exitCode).toBe(4);
  });

  it.each<[string, (bytes: Buffer) => void, string | undefined, string]>([
    ['another key', () => undefined, '0b'.repeat(32), 'REPRISE_SUITE_KEY_FILE names it'],
    ['a byte that was changed', (bytes) => void (bytes[bytes.length - 40] = (bytes.at(-40) ?? 0) ^ 1), undefined, 'was changed since it was sealed'],
  ])('a sealed stage with %s', async (_what, change, key, words) => {
    write('suite.key', '0a'.repeat(32));
    write('s/open/a.jsonl', question('a'));
    write('s/closed/c.jsonl', question('c', { prompt: 'a hidden question' }));
    expect((await reprise('suite', 'encrypt', 's', '--out', 'sealed')).exitCode).toBe(0);
    const bytes = readFileSync(join(scratch, 'sealed', 'closed.sealed'));
    change(bytes);
    write('sealed/closed.sealed', bytes);
    if (key !== undefined) write('suite.key', key);
    const { exitCode, stdout, stderr } = await reprise('suite', 'show', 'sealed', '--questions', '--closed');
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(words);
  });

  it('a HELM run directory of another version', async () => {
    cpSync(helmRun, join(scratch, 'run'), { recursive: true });
    const state = JSON.parse(readFileSync(join(scratch, 'run', 'scenario_state.json'), 'utf8')) as { request_states: { result: unknown }[] };
    for (const each of state.request_states) each.result = { completion: 'x' };
    write('run/scenario_state.json', JSON.stringify(state));
    const { exitCode, stderr } = await reprise('rescore', '--helm', 'run');
    expect(stderr).toMatch(/run\/scenario_state\.json line 1, request_states\[0\]\.result\.completions: .*of another version than 0\.5\?\n {2}Next: Name the directory of one run of HELM 0\.5/);
    expect(exitCode).toBe(2);
  });

  it('a HELM run directory of another version that a suite is to be built of', async () => {
    cpSync(helmRun, join(scratch, 'run'), { recursive: true });
    const spec = JSON.parse(readFileSync(join(scratch, 'run', 'run_spec.json'), 'utf8')) as { metric_specs: { class_name: string }[] };
    write('run/run_spec.json', JSON.stringify({ ...spec, metric_specs: [{ class_name: 'helm.benchmark.basic_metrics.BasicMetric', args: {} }] }, null, 2));
    write('d.yaml', 'name: x\nscenarios:\n  - { name: h, format: helm_run, files: [{ path: run }] }\n');
    const { exitCode, stderr } = await reprise('suite', 'build', 'd.yaml', '--out', 'o');
    expect(stderr).toMatch(/run\/run_spec\.json line \d+, metric_specs\[0\]\.class_name: .*of another HELM version than 0\.5\n {2}Next: /);
    expect(exitCode).toBe(2);
  });
});
