import type { Judgement, JudgeDefinition, Verdict } from './judge.ts';
import { cohenKappa, fleissKappa } from './kappa.ts';

export interface JudgedItem {
  id: string;
  /** One for each judge, in the definition's order. */
  verdicts: Verdict[];
}

/** The judgement's figures; a verdict that is missing is left out of every mean, never counted as 0. */
export function summarise(mode: Judgement['mode'], { judges }: Pick<JudgeDefinition, 'judges'>, items: readonly JudgedItem[]): Omit<Judgement, 'cost'> {
  const rows = items.map(({ id, verdicts }) => ({ id, value: mean(verdicts.map(({ value }) => value)), verdicts }));
  return {
    schema: 'reprise.judgement/v1',
    mode,
    ranked: false,
    judges: judges.map(({ name, model }, index) => {
      const own = items.map(({ verdicts }) => verdicts[index]);
      const checked = own.flatMap((verdict) => (verdict?.consistent === undefined ? [] : [Number(verdict.consistent)]));
      const values = own.map((verdict) => verdict?.value ?? null);
      return { name, model, judged: values.filter((value) => value !== null).length, mean: mean(values), consistency: mean(checked) };
    }),
    items: rows,
    mean: mean(rows.map(({ value }) => value)),
    agreement: judges.length < 2 ? null : agreementOf(mode, items),
  };
}

function agreementOf(mode: Judgement['mode'], items: readonly JudgedItem[]): NonNullable<Judgement['agreement']> {
  const complete = items.flatMap(({ verdicts }) => {
    const values = verdicts.map(({ value }) => value).filter((value) => value !== null);
    return values.length === verdicts.length ? [values] : [];
  });
  const isPair = (items[0]?.verdicts.length ?? 0) === 2;
  if (!isPair) return { measure: 'fleiss', kappa: fleissKappa(complete), items: complete.length };
  const [left, right] = [complete.map((values) => values[0] ?? 0), complete.map((values) => values[1] ?? 0)];
  return { measure: 'cohen', kappa: cohenKappa(left, right, mode === 'rubric' ? 'quadratic' : 'nominal'), items: complete.length };
}

function mean(values: readonly (number | null)[]): number | null {
  const present = values.filter((value) => value !== null);
  return present.length === 0 ? null : present.reduce((sum, value) => sum + value, 0) / present.length;
}
