import { describe, expect, it } from 'vitest';
import { isDockerfilePath } from '../../../activities/intake/evidence.ts';
import { parseManifest } from '../../../activities/intake/manifest.ts';
import { planSubmission, type PlanInput } from '../../../activities/intake/plan.ts';
import { type TreeEntry, treeOf } from '../../../domain/index.ts';

const serves = 'FROM python:3\nCMD ["uvicorn", "main:app", "--port", "80"]\n';
const trains = 'FROM python:3\nCMD python train.py\n';
const silent = 'FROM python:3\n';

describe('the plan of a submission without a manifest', () => {
  it.each([
    ['a lone Dockerfile', { Dockerfile: silent }, 'Dockerfile', undefined],
    ['names with roles', { 'Dockerfile.inference': silent, 'Dockerfile.train': silent }, 'Dockerfile.inference', 'Dockerfile.train'],
    ['the name before the dot', { 'training.Dockerfile': silent, 'serve.dockerfile': silent }, 'serve.dockerfile', 'training.Dockerfile'],
    ['lower case and a suffix', { dockerfile: serves, 'dockerfile_finetune': silent }, 'dockerfile', 'dockerfile_finetune'],
    ['commands', { 'a/Dockerfile': serves, 'b/Dockerfile': trains }, 'a/Dockerfile', 'b/Dockerfile'],
    ['a training directory against its copied command', { 'evaluation/Dockerfile': serves, 'training/Dockerfile': serves }, 'evaluation/Dockerfile', 'training/Dockerfile'],
    ['a serving command against a word of its directory', { 'submission_1_fine_tune/Dockerfile': serves }, 'submission_1_fine_tune/Dockerfile', undefined],
    ['a command that trains and then serves', { Dockerfile: 'FROM x\nCMD python finetune.py && uvicorn main:app\n' }, 'Dockerfile', undefined],
    ['CRLF and an exec form over lines', { Dockerfile: serves.replaceAll('\n', '\r\n'), 'train/Dockerfile': trains }, 'Dockerfile', 'train/Dockerfile'],
    ['helpers that are neither', { Dockerfile: serves, 'Dockerfile.data': 'FROM x\nCMD python -m prepare\n' }, 'Dockerfile', undefined],
    ['what macOS leaves behind', { Dockerfile: serves, '__MACOSX/._Dockerfile': '', '__MACOSX/a/Dockerfile': serves }, 'Dockerfile', undefined],
    ['only a directory named for training, whose command serves', { 'train/Dockerfile': serves }, 'train/Dockerfile', undefined],
  ])('finds roles by %s', (_, files, serve, train) => {
    const { images } = plan(files).submission;
    expect(images.find(({ role }) => role === 'serve')?.dockerfile).toBe(serve);
    expect(images.find(({ role }) => role === 'train')?.dockerfile).toBe(train);
  });

  it.each([
    ['its own directory', { 'a/Dockerfile': 'FROM x\nCOPY main.py /\n', 'a/main.py': '' }, 'a'],
    ['the nearest directory above that has what it copies', { 'docker/serve/Dockerfile': 'FROM x\nCOPY src/*.py ./\nCOPY ["a b", "/"]\n', 'src/x.py': '', 'a b': '' }, '.'],
    ['its own where nothing has it all', { 'a/Dockerfile': 'FROM x\nCOPY lost.py /\n', 'b': '' }, 'a'],
    ['its own, other stages and addresses aside', { 'a/Dockerfile': 'FROM x AS b\nFROM x\nCOPY --from=b /x /\nADD https://a.invalid/x /\nCOPY ${UNKNOWN} /\n' }, 'a'],
  ])('builds in %s', (_, files, context) => {
    expect(plan(files).submission.images[0]?.context).toBe(context);
  });

  it('lists several submissions, and takes the one that is picked', () => {
    const files = { '1/Dockerfile': serves, '2/Dockerfile': serves, 'train/Dockerfile': trains };
    expect(() => plan(files)).toThrow('the source holds 2 submissions: 1, 2');
    expect(plan(files, { request: { submission: '2/' } }).submission.images.map(({ dockerfile }) => dockerfile)).toEqual(['2/Dockerfile', 'train/Dockerfile']);
    expect(() => plan(files, { request: { submission: '3' } })).toThrow('3 holds no Dockerfile');
    expect(() => plan(files, { request: { submission: '../x' } })).toThrow('submission: must be a path inside');
  });

  it('lists Dockerfiles where one directory holds several submissions', () => {
    const files = { Dockerfile: serves, Dockerfile2: serves };
    expect(() => plan(files)).toThrow('Dockerfile, Dockerfile2');
    expect(plan(files, { request: { submission: 'Dockerfile2' } }).submission.images[0]?.dockerfile).toBe('Dockerfile2');
    expect(plan(files, { request: { dockerfile: 'Dockerfile2' } }).submission.name).toBe('repository-2');
  });

  it('names twenty of many submissions', () => {
    const files = Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`s${index}/Dockerfile`, serves]));
    expect(() => plan(files)).toThrow(/s9\b.* and 5 more$|and 5 more$/);
  });

  it('pairs training by nearness, then by shared words, and does not guess', () => {
    const files = { 'a100_submission/Dockerfile': serves, 'a100_training/Dockerfile': trains, '4090_training/Dockerfile': trains };
    expect(plan(files).submission.images[1]?.dockerfile).toBe('a100_training/Dockerfile');
    const { submission, notes } = plan({ Dockerfile: serves, 't/Dockerfile.train1': trains, 't/Dockerfile.train2': trains });
    expect(submission.images).toHaveLength(1);
    expect(notes[0]).toContain('2 training Dockerfiles');
  });

  it.each([
    ['NO_DOCKERFILE', { 'README.md': '' }, 'no Dockerfile'],
    ['NO_DOCKERFILE', { 'Dockerfile.train': trains }, 'only Dockerfile.train'],
    ['DOCKERFILE_INVALID', { Dockerfile: '' }, 'Dockerfile line 1'],
    ['DOCKERFILE_INVALID', { Dockerfile: '# only a comment\n' }, 'no instruction'],
    ['DOCKERFILE_INVALID', { Dockerfile: Buffer.from([0xff, 0xfe, 0x41]) }, 'not UTF-8'],
    ['DOCKERFILE_INVALID', { Dockerfile: 'RUN true\n' }, 'FROM'],
  ])('refuses with %s', (type, files, words) => {
    expect(caught(() => plan(files as never))).toMatchObject({ type, message: expect.stringContaining(words) });
  });

  it('takes port, team, name, track and date from what there is', () => {
    const { submission } = plan({ Dockerfile: `${serves}EXPOSE 8080/tcp\n` });
    expect(submission).toMatchObject({ port: 8080, team: 'owner', name: 'repository', track: 'cpu', asOf: { source: 'snapshot-time' } });
    expect(plan({ Dockerfile: `${serves}EXPOSE 80 443\n` }, { origin: '/tmp/My Code' }).submission).toMatchObject({ port: 80, team: 'unknown', name: 'my-code' });
    expect(plan({ Dockerfile: serves }, { commitDate: '2023-10-01T00:00:00.000Z' }).submission.asOf).toEqual({ date: '2023-10-01T00:00:00.000Z', source: 'newest-commit' });
    expect(plan({ Dockerfile: serves }, { request: { asOf: '2023-10-25', track: 'a100' } }).submission).toMatchObject({ track: 'a100', asOf: { date: '2023-10-25T23:59:59Z', source: 'request' } });
  });
});

describe('the plan of a submission with a manifest', () => {
  const text = 'name: adder\nteam: us\ndate: 2024-01-02\nserve:\n  dockerfile: Dockerfile\n  port: 9000\n  readyTimeoutMinutes: 1\ntrain:\n  dockerfile: t/Dockerfile\n  context: .\n  budgetMinutes: 5\nclaim:\n  open: 0.9\n';
  const files = { Dockerfile: silent, 't/Dockerfile': silent };

  it('does what it says', () => {
    expect(plan(files, { manifest: manifest(text) }).submission).toMatchObject({
      name: 'adder',
      team: 'us',
      port: 9000,
      readyTimeoutMs: 60_000,
      trainingBudgetMs: 300_000,
      claim: { open: 0.9, tolerance: 0.02 },
      asOf: { date: '2024-01-02T23:59:59Z', source: 'manifest' },
      images: [
        { role: 'serve', dockerfile: 'Dockerfile', context: '.' },
        { role: 'train', dockerfile: 't/Dockerfile', context: '.' },
      ],
    });
  });

  it.each([
    ['cpu', '', []],
    ['a100', '', ['base model undeclared: reprise.yaml names no baseModel']],
    ['cpu', 'baseModel: mistralai/Mistral-7B-v0.1\n', ['base model allowed: Mistral is on the list']],
    ['a100', 'baseModel: someone/Unheard-3B\n', ['base model not-listed: someone/Unheard-3B is of no family on the list']],
  ] as const)('on the track %s with "%s" says whether the base model is on the contest’s list', (track, line, notes) => {
    const planned = plan(files, { manifest: manifest(`${text}${line}`), request: { track } });
    expect(planned.notes).toEqual(notes);
    expect(planned.submission.baseModel).toBe(line === '' ? undefined : line.slice('baseModel: '.length).trim());
  });

  it('reads its paths from where it lies', () => {
    const nested = { 'sub/Dockerfile': silent, 'sub/t/Dockerfile': silent };
    const { images } = plan(nested, { manifest: manifest(text, 'sub/reprise.yaml') }).submission;
    expect(images.map(({ dockerfile, context }) => [dockerfile, context])).toEqual([['sub/Dockerfile', 'sub'], ['sub/t/Dockerfile', 'sub']]);
  });

  it('gives way to what the request names for serving', () => {
    const other = { ...files, Other: silent, 'src/x': '', Dockerfile2: silent };
    const images = (request: PlanInput['request']): string[] =>
      plan(other, { manifest: manifest(text), request }).submission.images.map(({ dockerfile, context }) => `${dockerfile} in ${context}`);
    expect(images({ context: 'src' })).toEqual(['Dockerfile in src', 't/Dockerfile in .']);
    expect(images({ dockerfile: 'Dockerfile2' })).toEqual(['Dockerfile2 in .', 't/Dockerfile in .']);
  });

  it('names the line of a file that is not there', () => {
    expect(() => plan({ Dockerfile: silent }, { manifest: manifest(text) })).toThrow('reprise.yaml line 9: train.dockerfile: there is no file t/Dockerfile');
  });

  it('asks for secrets that are given, and names those that are not', () => {
    const wanting = manifest(`${text}secrets: [HF_TOKEN]\n`);
    expect(caught(() => plan(files, { manifest: wanting }))).toMatchObject({ type: 'SECRET_MISSING', message: expect.stringContaining('HF_TOKEN') });
    expect(plan(files, { manifest: wanting, secrets: { given: new Set(['HF_TOKEN']), named: [] } }).submission.secrets).toEqual(['HF_TOKEN']);
  });

  it('takes what the operator names where no manifest could declare it', () => {
    const secrets = { given: new Set(['HF_TOKEN', 'OTHER']), named: ['HF_TOKEN'] };
    expect(plan({ Dockerfile: silent }, { secrets }).submission.secrets).toEqual(['HF_TOKEN']);
    expect(plan(files, { manifest: manifest(text), secrets }).submission.secrets).toEqual([]);
  });

  it.each([
    ['claim:\n  open: 7\n', 'line 5: claim.open: '],
    ['claim:\n  open: 0.5\n  often: 1\n', 'line 6: claim.often: no such field'],
    ['serve2: {}\n', 'line 4: serve2: no such field'],
    ['track: tpu\n', 'line 4: track: '],
    ['secrets:\n  - OK\n  - not ok\n', 'line 6: secrets.1: '],
    ['claim: [\n', 'line '],
    ['claim: 1\nclaim: 2\n', 'line 5: '],
  ])('names field and line of %j', (addition, words) => {
    const error = caught(() => manifest(`name: adder\nserve:\n  dockerfile: Dockerfile\n${addition}`));
    expect(error).toMatchObject({ type: 'MANIFEST_INVALID', message: expect.stringContaining(`reprise.yaml ${words}`) });
  });

  it.each([
    ['an empty file', ''],
    ['no mapping', '- a\n'],
    ['a path that leaves', 'name: a\nserve:\n  dockerfile: ../Dockerfile\n'],
    ['an alias bomb', `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c]\n`],
  ])('refuses %s', (_, given) => {
    expect(caught(() => manifest(given))).toMatchObject({ type: 'MANIFEST_INVALID' });
  });
});

type Files = Record<string, string | Uint8Array>;

function plan(files: Files, given: Partial<PlanInput> = {}): ReturnType<typeof planSubmission> {
  const entries = Object.keys(files).map((path): TreeEntry => ({ type: 'file', path, executable: false, sizeBytes: 0, sha256: '0'.repeat(64) }));
  const directories = new Set(Object.keys(files).flatMap((path) => path.split('/').slice(0, -1).map((_, index, parts) => parts.slice(0, index + 1).join('/'))));
  return planSubmission({
    tree: treeOf([...entries, ...[...directories].map((path): TreeEntry => ({ type: 'directory', path }))]),
    dockerfiles: new Map(Object.entries(files).filter(([path]) => isDockerfilePath(path)).map(([path, text]) => [path, Buffer.from(text)])),
    request: {},
    origin: 'https://git.invalid/owner/repository.git',
    firstSeen: '2026-01-01T00:00:00.000Z',
    secrets: { given: new Set(), named: [] },
    ...given,
  });
}

function manifest(text: string, path = 'reprise.yaml'): ReturnType<typeof parseManifest> {
  return parseManifest(Buffer.from(text), path);
}

function caught(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}
