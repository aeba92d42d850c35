/**
 * Cohen's kappa of two judges over the same items (Cohen 1960); with `quadratic` weights (Cohen 1968) for ordered values, where a
 * disagreement counts by the square of its size. Null where there are no items or chance alone explains everything.
 */
export function cohenKappa(left: readonly number[], right: readonly number[], weights: 'nominal' | 'quadratic' = 'nominal'): number | null {
  const disagreement = (one: number, other: number): number => (weights === 'quadratic' ? (one - other) ** 2 : Number(one !== other));
  const count = left.length;
  if (count === 0) return null;
  const observed = left.reduce((sum, value, index) => sum + disagreement(value, right[index] ?? value), 0) / count;
  const [lefts, rights] = [frequencies(left), frequencies(right)];
  let expected = 0;
  for (const [one, times] of lefts) for (const [other, otherTimes] of rights) expected += (times * otherTimes * disagreement(one, other)) / count ** 2;
  return expected === 0 ? null : 1 - observed / expected;
}

/** Fleiss' kappa of three or more judges (Fleiss 1971); a row for each item with every judge's value. Null as for Cohen's. */
export function fleissKappa(items: readonly (readonly number[])[]): number | null {
  const judges = items[0]?.length ?? 0;
  if (items.length === 0 || judges < 2) return null;
  const agreements = items.map((values) => [...frequencies(values).values()].reduce((sum, times) => sum + times * (times - 1), 0) / (judges * (judges - 1)));
  const observed = agreements.reduce((sum, value) => sum + value, 0) / items.length;
  const expected = [...frequencies(items.flat()).values()].reduce((sum, times) => sum + (times / (items.length * judges)) ** 2, 0);
  return expected === 1 ? null : (observed - expected) / (1 - expected);
}

function frequencies(values: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
