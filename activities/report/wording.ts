/** A figure with a real minus sign; "none" where there is no value, which is not zero. */
export function figure(value: number | null, digits = 2): string {
  if (value === null) return 'none';
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

export function probability(p: number | null | undefined): string {
  if (p === null || p === undefined) return '';
  return p < 0.001 ? '<\u20090.001' : p.toFixed(3);
}

/** "1 model", "2 models". */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? noun : plural}`;
}

export function range([low, high]: readonly [number, number], digits = 0): string {
  return low === high ? figure(low, digits) : `${figure(low, digits)}–${figure(high, digits)}`;
}

/** A rank and a name, ranks of one digit as wide as those of two. */
export function ranked(rank: number, name: string): string {
  return `${String(rank).padStart(2, '\u2007')}\u2002${name}`;
}

/** A name cut to so many characters; the whole stands in the tables. */
export function shortened(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, characters - 1)}…`;
}
