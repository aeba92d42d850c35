import type { FindingSeverity } from '../scan.ts';
import { caseChanges, entropyBits } from './placeholder.ts';

/**
 * GitHub's and npm's tokens end in six base-62 digits of the CRC-32 of the thirty characters after the prefix
 * (github.blog, "Behind GitHub's new authentication token formats").
 */
function hasCrc32Checksum(value: string): boolean {
  const body = value.slice(value.indexOf('_') + 1);
  const payload = body.slice(0, -6);
  return base62(crc32(payload)).padStart(6, '0') === body.slice(-6);
}

/** The value with the checksum that `hasCrc32Checksum` wants, for examples. */
export function withCrc32Checksum(prefix: string, payload: string): string {
  return `${prefix}${payload}${base62(crc32(payload)).padStart(6, '0')}`;
}

/** Blocks what carries its checksum; one without is a typo, an example or another format. */
export function byCrc32(value: string): FindingSeverity {
  return hasCrc32Checksum(value) ? 'block' : 'warn';
}

/** A JSON Web Token's header must decode and name an algorithm; `none` carries no secret. */
export function byTokenHeader(value: string): FindingSeverity | 'discard' {
  const header = jsonOfBase64(value.slice(0, value.indexOf('.')));
  if (header?.['alg'] === undefined && header?.['enc'] === undefined) return 'discard';
  if (header['alg'] === 'none') return 'note';
  const claims = jsonOfBase64(value.split('.')[1] ?? '');
  return claims?.['sub'] === '1234567890' ? 'discard' : 'block';
}

/** Docker's `auth` is base64 of `user:password`. */
export function byBasicCredentials(value: string): FindingSeverity | 'discard' {
  const decoded = textOfBase64(value);
  return decoded !== undefined && /^[\x21-\x39\x3b-\x7e]{1,256}:[\x20-\x7e]{3,4096}$/.test(decoded) ? 'block' : 'discard';
}

/** A key's body is base64 of DER (`MI…`, `MC…`, `MH…`) or of OpenSSH's or PGP's container, and of some length. */
export function byPrivateKeyBody(value: string): FindingSeverity | 'discard' {
  const body = value.replace(/\\+[nr]|[\s"'+,\\]/g, '').replace(/^(?:[A-Za-z-]{1,20}:[^=]{0,80}?)(?=MI|b3Bl)/, '');
  if (body.length < 40 || !/^[A-Za-z0-9+/=:.,()-]+$/.test(body)) return 'discard';
  if (entropyBits(body) < 4) return 'note';
  return /^(?:M[A-Z]|b3BlbnNzaC1rZXkt|l[A-Z]|x[A-Z])/.test(body) ? 'block' : 'warn';
}

/** Letters of one case or in words are names of functions and models, not tokens. */
export function byRandomLetters(value: string): FindingSeverity {
  const body = value.slice(value.lastIndexOf('_') + 1);
  return caseChanges(body) >= body.length / 5 && entropyBits(body) >= 3.2 ? 'block' : 'warn';
}

/** Hexadecimal digits of a random value; a hash of something public is told by what stands before it. */
export function byHexadecimal(value: string, before: string): FindingSeverity | 'discard' {
  if (namesHash(before)) return 'discard';
  return entropyBits(value) >= 3 && /[0-9]/.test(value) && /[a-f]/.test(value) ? 'block' : 'discard';
}

/** Random characters of mixed kinds. */
export function byEntropy(minimumBits: number): (value: string, before: string) => FindingSeverity | 'discard' {
  return (value, before) => (entropyBits(value) >= minimumBits && !namesHash(before) ? 'block' : 'discard');
}

/** Whether the text right before a value names it as a hash, a commit or an identifier. */
export function namesHash(before: string): boolean {
  return /(?:commit|sha(?:1|256|512)?|revision|rev|hash|digest|checksum|md5|etag|integrity|oid|blob|tree|run[-_ ]?id|version)["'\s]{0,4}[-:=@/]{0,2}\s{0,2}["']?$|[@/#]$/i.test(before);
}

function jsonOfBase64(text: string): Record<string, unknown> | undefined {
  const decoded = textOfBase64(text);
  if (decoded === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(decoded);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // not JSON: the answer, not an error
  }
}

function textOfBase64(text: string): string | undefined {
  try {
    return atob(text.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, ''));
  } catch {
    return undefined; // not base64: the answer, not an error
  }
}

const crcTable = Array.from({ length: 256 }, (_unused, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let index = 0; index < text.length; index += 1) {
    crc = (crcTable[(crc ^ text.charCodeAt(index)) & 0xff] ?? 0) ^ (crc >>> 8);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function base62(number: number): string {
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  let text = '';
  for (let rest = number; rest > 0; rest = Math.floor(rest / 62)) text = `${digits[rest % 62]}${text}`;
  return text;
}
