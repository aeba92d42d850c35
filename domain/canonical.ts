/**
 * JSON with sorted keys and no white space: one text for one value, so that its hash is an identity (RFC 8785's order and
 * number format, which JSON.stringify already has). Undefined members are left out; NaN and infinities are refused, since
 * JSON would turn them into null and make a missing value out of a wrong one.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`not representable in JSON: ${value}`);
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members: string[] = [];
  // By UTF-16 code units, which is how sort compares. Without a list of pairs on the way: every question and answer passes here.
  for (const name of Object.keys(value).sort()) {
    const member = (value as Readonly<Record<string, unknown>>)[name];
    if (member !== undefined) members.push(`${JSON.stringify(name)}:${canonicalJson(member)}`);
  }
  return `{${members.join(',')}}`;
}
