export interface Row {
  stage: string;
  attack: string;
  expected: string;
  got: string;
  message: string;
  contained: boolean;
  tookMs: number;
}

/** Prints what every attack came to, and the sum that matters: contained is that nothing was gained, named that the code is the expected one. */
export function printTable(rows: readonly Row[], cases: number): void {
  const lines = rows.map((row) => {
    const verdict = row.contained ? (row.got === row.expected ? 'contained, named' : 'contained') : 'NOT CONTAINED';
    return [row.stage.padEnd(6), row.attack.padEnd(66), row.got.padEnd(22), verdict.padEnd(16), `${(row.tookMs / 1_000).toFixed(1)} s`].join('  ');
  });
  const contained = rows.filter((row) => row.contained).length;
  const named = rows.filter((row) => row.contained && row.got === row.expected).length;
  const sum = contained === named ? `${named} of ${cases} contained and named` : `${contained} of ${cases} contained, ${named} of ${cases} named`;
  process.stdout.write(`\n${lines.join('\n')}\n\n${sum}\n`);
}
