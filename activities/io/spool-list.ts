import type { Place, Spool } from './spool.ts';

/** A long list of JSON values of which one at a time is in memory; iterable as often as needed while the spool is open. */
export interface SpoolList<Value> extends Iterable<Value> {
  push(value: Value): void;
}

export function startSpoolList<Value>(spool: Spool): SpoolList<Value> {
  const places: Place[] = [];
  return {
    push: (value) => void places.push(spool.appendText(JSON.stringify(value))),
    *[Symbol.iterator]() {
      for (const place of places) yield JSON.parse(spool.readText(place)) as Value;
    },
  };
}
