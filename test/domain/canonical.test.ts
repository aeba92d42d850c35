import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../domain/index.ts';

describe('canonicalJson', () => {
  it.each([
    ['the order of members', { b: 1, a: [{ d: 2, c: 3 }] }, '{"a":[{"c":3,"d":2}],"b":1}'],
    ['members without a value', { a: undefined, b: null }, '{"b":null}'],
    ['text that JSON escapes', 'a"\n\u2028', JSON.stringify('a"\n\u2028')],
  ])('does not depend on %s', (_what, value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses %s, which JSON would turn into null', (value) => {
    expect(() => canonicalJson({ score: value })).toThrow('not representable');
  });
});
