import { parseArgs } from 'node:util';

export interface Options {
  minutes: number;
  seed: string;
  /** Ends the disturbance before the time is over. */
  kills: number;
  /** Faults at a time: with more than one, what recovers from one is hit by the next. */
  atOnce: number;
  /** Only faults whose name begins so; all where it is empty. */
  only: string;
  keep: boolean;
  /** Prints what happens when it happens. */
  verbose: boolean;
}

/** `--minutes M --seed S [--kills N] [--verbose]`; with N alone, it lasts as long as N kills take. */
export function optionsOf(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: { minutes: { type: 'string' }, seed: { type: 'string' }, kills: { type: 'string' }, 'at-once': { type: 'string' }, only: { type: 'string' }, keep: { type: 'boolean' }, verbose: { type: 'boolean' } },
  });
  const kills = numberOf('kills', values.kills ?? 'Infinity');
  return {
    kills,
    minutes: numberOf('minutes', values.minutes ?? (kills === Infinity ? '3' : 'Infinity')),
    atOnce: numberOf('at-once', values['at-once'] ?? '1'),
    seed: values.seed ?? String(Date.now() % 1e6),
    only: values.only ?? '',
    keep: values.keep === true,
    verbose: values.verbose === true,
  };
}

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} must be a number above 0, not ${text}`);
  return value;
}
