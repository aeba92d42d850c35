import { describe, expect, test } from 'vitest';
import { judgeByRubric, type JudgeDependencies, judgePairs } from '../../../activities/judge/judge.ts';
import { parseJudgeDefinition, parseJudgeItems } from '../../../activities/judge/read.ts';
import { type Judge, JudgeDefinition, Judgement } from '../../../domain/analysis/index.ts';
import { metricNames } from '../../../domain/metrics/index.ts';
import { memoryStore } from '../../fakes/memory-store.ts';
import { startJudgeServer } from './judge-server.ts';

const dependencies = (changes: Partial<JudgeDependencies> = {}): JudgeDependencies => ({
  store: memoryStore(),
  secretOf: ({ secret }: Judge) => (secret === undefined ? undefined : `value of ${secret}`),
  settings: { judgeRetryMs: 1, judgeAttempts: 3 },
  ...changes,
});
const definition = (baseUrl: string, names: string[], changes: object = {}): JudgeDefinition =>
  JudgeDefinition.parse({ judges: names.map((name) => ({ name, baseUrl, model: `model-${name}`, price: { inputPerMillion: 1_000, outputPerMillion: 1_000 } })), ...changes });
const items = ['good', 'poor', 'fair'].map((answer) => ({ id: answer, prompt: 'How is it?', answer }));
const grades: Record<string, number> = { good: 5, fair: 3, poor: 1 };
const gradeIn = (user: string): number => grades[/<<ANSWER \w+>>\n(\w+)/.exec(user)?.[1] ?? ''] ?? 0;

const better = (user: string): string => ((user.match(/<<ANSWER A \w+>>\n(\w+)/)?.[1] ?? '') === 'good' ? 'A' : 'B');

describe('judging by a rubric', () => {
  test('asks every judge of every answer and says how far they agree', async () => {
    await using server = await startJudgeServer(({ model, user }) => `Because.\n{"score": ${model === 'model-mild' ? Math.min(5, gradeIn(user) + 1) : gradeIn(user)}}`);
    const judgement = await judgeByRubric(dependencies(), definition(server.baseUrl, ['strict', 'mild']), items);
    expect(judgement.items.map(({ id, value }) => [id, value])).toEqual([['good', 1], ['poor', 0.125], ['fair', 0.625]]);
    expect(judgement.agreement).toMatchObject({ measure: 'cohen', items: 3 });
    expect(judgement.agreement?.kappa).toBeGreaterThan(0.8);
    expect(Judgement.parse(judgement)).toEqual(judgement);
  });

  test('sends the named secret as bearer token, and none where none is named', async () => {
    await using server = await startJudgeServer(() => '{"score": 3}');
    const judges = [{ name: 'a', baseUrl: server.baseUrl, model: 'm', secret: 'TOKEN' }, { name: 'b', baseUrl: server.baseUrl, model: 'n' }];
    await judgeByRubric(dependencies(), JudgeDefinition.parse({ judges }), items.slice(0, 1));
    expect(server.calls.map(({ model, authorization }) => [model, authorization]).sort()).toEqual([['m', 'Bearer value of TOKEN'], ['n', undefined]]);
  });

  test('takes a reply from the store where the same was asked of the same model', async () => {
    await using server = await startJudgeServer(({ user }) => `{"score": ${gradeIn(user)}}`);
    const shared = dependencies();
    const first = await judgeByRubric(shared, definition(server.baseUrl, ['a']), items);
    const again = await judgeByRubric(shared, definition(server.baseUrl, ['a']), items);
    expect(server.calls).toHaveLength(3);
    expect(again.items).toEqual(first.items);
    expect(again.cost).toMatchObject({ requests: 0, cached: 3, spent: 0 });
    await judgeByRubric(shared, definition(server.baseUrl, ['a'], { rubric: 'Another one.' }), items);
    expect(server.calls).toHaveLength(6);
  });

  test('never spends more than the cap, and says what was not judged', async () => {
    await using server = await startJudgeServer(({ user }) => `{"score": ${gradeIn(user)}}`);
    const many = Array.from({ length: 40 }, (_, index) => ({ id: String(index), prompt: 'p', answer: 'good' }));
    const judgement = await judgeByRubric(dependencies(), definition(server.baseUrl, ['a'], { costCap: 3, maxTokens: 100 }), many);
    expect(judgement.cost.spent).toBeLessThanOrEqual(3);
    expect(judgement.cost.requests).toBe(server.calls.length);
    const unasked = judgement.items.filter(({ verdicts }) => verdicts[0]?.missing === 'cost-cap');
    expect(unasked.length).toBe(40 - server.calls.length);
    expect(unasked.every(({ value }) => value === null)).toBe(true);
    expect(judgement.mean).toBe(1);
  });

  test('asks again after 429, 500 and a body that is no JSON, and gives up in the end', async () => {
    await using server = await startJudgeServer((_call, response, count) => {
      if (count === 2) return '{"score": 4}';
      response.writeHead(count === 0 ? 429 : 200).end('not JSON');
      return undefined;
    });
    const judgement = await judgeByRubric(dependencies(), definition(server.baseUrl, ['a']), items.slice(0, 1));
    expect([server.calls.length, judgement.items[0]?.value]).toEqual([3, 0.75]);
    await using dead = await startJudgeServer((_call, response) => void response.writeHead(500).end());
    const missing = await judgeByRubric(dependencies(), definition(dead.baseUrl, ['a']), items.slice(0, 1));
    expect([dead.calls.length, missing.items[0]?.verdicts[0]]).toEqual([3, { judge: 'a', value: null, missing: 'unavailable' }]);
  });

  test('ends where a judge refuses for good, naming it', async () => {
    await using server = await startJudgeServer((_call, response) => void response.writeHead(401).end());
    await expect(judgeByRubric(dependencies(), definition(server.baseUrl, ['a']), items)).rejects.toMatchObject({
      type: 'JUDGE_UNAVAILABLE',
      message: 'the judge a (model-a) answered with status 401',
    });
  });

  test('does not follow a redirect with the token', async () => {
    await using other = await startJudgeServer(() => '{"score": 5}');
    await using server = await startJudgeServer((_call, response) => void response.writeHead(307, { location: `${other.baseUrl}/chat/completions` }).end());
    await judgeByRubric(dependencies(), definition(server.baseUrl, ['a']), items.slice(0, 1));
    expect(other.calls).toEqual([]);
  });

  test('a reply without a verdict is missing, not 0', async () => {
    await using server = await startJudgeServer(() => 'I would rather not say.');
    const judgement = await judgeByRubric(dependencies(), definition(server.baseUrl, ['a']), items);
    expect(judgement).toMatchObject({ mean: null, items: [{ value: null, verdicts: [{ missing: 'unreadable' }] }, {}, {}] });
  });
});

describe('judging pairs', () => {
  const pairs = [{ id: 'p', prompt: 'How is it?', first: 'good', second: 'poor' }];

  test('asks in both orders and takes what both say', async () => {
    await using server = await startJudgeServer(({ user }) => `{"winner": "${better(user)}"}`);
    const judgement = await judgePairs(dependencies(), definition(server.baseUrl, ['a', 'b', 'c']), pairs);
    expect(server.calls).toHaveLength(6);
    expect(judgement).toMatchObject({ mode: 'pairwise', mean: 1, agreement: { measure: 'fleiss' }, judges: [{ consistency: 1 }, {}, {}] });
  });

  test('a judge that always prefers the first is a tie and found inconsistent', async () => {
    await using server = await startJudgeServer(() => '{"winner": "A"}');
    const judgement = await judgePairs(dependencies(), definition(server.baseUrl, ['a']), pairs);
    expect(judgement).toMatchObject({ mean: 0.5, judges: [{ consistency: 0 }], items: [{ verdicts: [{ consistent: false }] }] });
  });
});

test('no judge is a metric of a suite, so none takes part in a ranked stage', () => {
  expect([...metricNames].filter((name) => /judge/i.test(name))).toEqual([]);
});

describe('what a judge is given', () => {
  test.each([
    ['a line that is no JSON', '{"id":"a"', 'items.jsonl line 1: is not JSON'],
    ['a missing field', '{"id":"a","prompt":"p","answer":"x"}\n{"id":"b","prompt":"p"}', 'items.jsonl line 2: answer:'],
    ['an id twice', '{"id":"a","prompt":"p","answer":"x"}\n{"id":"a","prompt":"p","answer":"x"}', 'the id "a" is there twice'],
    ['nothing', '\n', 'is empty'],
  ])('is refused with %s', (_name, text, message) => expect(() => parseJudgeItems(text, 'items.jsonl')).toThrow(message));

  test('is defined in YAML, and a wrong field is named', () => {
    expect(parseJudgeDefinition('judges:\n  - {name: a, baseUrl: "http://127.0.0.1:1/v1", model: m}\n', 'j.yaml').judges).toHaveLength(1);
    expect(() => parseJudgeDefinition('judges: []', 'j.yaml')).toThrow(/j\.yaml: judges/);
  });
});
