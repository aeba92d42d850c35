import { describe, expect, test } from 'vitest';
import { parseLocated } from '../../domain/located-json.ts';
import { parseResults, ResultsError } from '../../domain/results.ts';

const column = '{"id": "acc", "scenario": "mmlu", "stage": "open", "better": "higher"}';

describe('parseResults', () => {
  test('reads a table, a missing value as null', () => {
    const results = parseResults(table('{"id": "a", "values": {"acc": 0.5}}, {"id": "b", "values": {"acc": null}}'));
    expect(results.models.map(({ values }) => values['acc'])).toEqual([0.5, null]);
  });

  test.each([
    ['NaN', table('{"id": "a", "values": {\n"acc": NaN}}, {"id": "b", "values": {}}'), 'line 4, models[0].values.acc: NaN is no value'],
    ['infinity', table('{"id": "a", "values": {"acc": -Infinity}}, {"id": "b", "values": {}}'), '-Infinity is no value'],
    ['a text as value', table('{"id": "a", "values": {"acc": "1"}}, {"id": "b", "values": {}}'), 'models[0].values.acc'],
    ['a model twice', table('{"id": "a", "values": {"acc": 1}},\n{"id": "a", "values": {}}'), 'line 4, models[1].id: there is a model "a" before'],
    ['a column twice', table('{"id": "a", "values": {"acc": 1}}, {"id": "b", "values": {}}', `${column}, ${column}`), 'columns[1].id: there is a column "acc"'],
    ['a value twice', table('{"id": "a", "values": {"acc": 1, "acc": 0}}, {"id": "b", "values": {}}'), 'models[0].values.acc: the key is there twice'],
    ['an unknown column', table('{"id": "a", "values": {"f1": 1, "acc": 1}}, {"id": "b", "values": {}}'), 'models[0].values.f1: there is no such column'],
    ['one model', table('{"id": "a", "values": {"acc": 1}}'), 'a ranking needs two models, and there is one'],
    ['no model', table(''), 'and there is none'],
    ['all null', table('{"id": "a", "values": {"acc": null}}, {"id": "b", "values": {}}'), 'no model has any value'],
    ['another schema', table('').replace('results/v1', 'results/v2'), 'line 1, schema'],
    ['no JSON', '{"schema": \n!}', 'line 2: there is "!}", which is no JSON'],
    ['nothing', '', 'line 1: the text ends too early'],
    [
      'a scenario in both stages',
      table('{"id": "a", "values": {"acc": 1}}, {"id": "b", "values": {}}', `${column}, ${column.replace('acc', 'f1').replace('open', 'closed')}`),
      'columns[1].stage: scenario "mmlu" is in the open stage before',
    ],
    [
      'items of another mean',
      table('{"id": "a", "values": {"acc": 1}}, {"id": "b", "values": {}}', column, ', "items": {"acc": {"a": [1, 0]}}'),
      "items.acc.a: the mean of the items is 0.5, the column's value 1",
    ],
    [
      'items of unequal number',
      table('{"id": "a", "values": {"acc": 1}}, {"id": "b", "values": {"acc": 0}}', column, ', "items": {"acc": {"a": [1, 1], "b": [0]}}'),
      'items.acc.b: 1 items, and 2 elsewhere in scenario "mmlu"',
    ],
  ])('names the line and the place of %s', (_, text, message) => {
    expect(() => parseResults(text)).toThrow(ResultsError);
    expect(() => parseResults(text)).toThrow(message);
  });

  test('names ten of many problems and counts the rest', () => {
    const values = Array.from({ length: 15 }, (_, index) => `"x${index}": 1`).join(', ');
    expect(() => parseResults(table(`{"id": "a", "values": {${values}}}, {"id": "b", "values": {}}`))).toThrow('and 5 more');
  });
});

describe('parseLocated', () => {
  test.each(['[1,]', '[1 2]', '{"a" 1}', '{"a": 1}x', "{'a': 1}", '[01]', '"a\n"', '{,}', '{"a": }', '[', `${'['.repeat(2_000)}`])('refuses %j as JSON.parse does', (text) => {
    expect(() => parseLocated(text)).toThrow(SyntaxError);
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
  });

  test('reads what JSON.parse reads', () => {
    const value = { a: [1, -2.5e-3, true, false, null, { 'b\n"\u00e9': [] }], __proto__x: {}, '': 'x' };
    for (const indent of [undefined, 2]) expect(parseLocated(JSON.stringify(value, null, indent)).value).toEqual(value);
  });
});

function table(models: string, columns = column, more = ''): string {
  return `{"schema": "reprise.results/v1",\n"columns": [${columns}],\n"models": [${models}]${more}}`;
}
