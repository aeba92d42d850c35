import type { DifferenceCause } from '../../domain/index.ts';

/**
 * Why two contents of one path differ: the compiled file's note of its source's time, a log, what a tool keeps for its own speed,
 * times in the text, or the order of lines; `content` where it is none of these.
 */
export function causeOfDifference(path: string, first: Buffer | undefined, second: Buffer | undefined): DifferenceCause {
  if (path.endsWith('.pyc') && first && second && samePyc(first, second)) return 'pyc';
  if (logs.test(path)) return 'log';
  if (caches.test(path)) return 'cache';
  if (!first || !second || isBinary(first) || isBinary(second)) return first && second && sameGzip(first, second) ? 'timestamp' : 'content';
  const [before, after] = [withoutTimes(first), withoutTimes(second)];
  if (before === after) return 'timestamp';
  return sorted(before) === sorted(after) ? 'order' : 'content';
}

const logs = /^\/var\/log\/|\.log$/;
const caches = /^\/(?:var\/cache|root\/\.cache|tmp)\/|^\/etc\/ld\.so\.cache$|\/__pycache__\/[^/]*\.lock$/;

/** Magic, flags, time of the source, size of the source (PEP 552), then the code. */
function samePyc(first: Buffer, second: Buffer): boolean {
  return first.subarray(0, 8).equals(second.subarray(0, 8)) && first.subarray(12).equals(second.subarray(12));
}

/** Bytes 4 to 7 are the time (RFC 1952). */
function sameGzip(first: Buffer, second: Buffer): boolean {
  return isGzip(first) && isGzip(second) && first.subarray(8).equals(second.subarray(8));
}

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function isBinary(bytes: Buffer): boolean {
  return bytes.subarray(0, 8_192).includes(0);
}

const times = /\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z| ?[+-]\d\d:?\d\d)?)?|\d\d:\d\d:\d\d(?:[.,]\d+)?|\b1[5-9]\d{8}(?:\d{3})?(?:\.\d+)?\b|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? (?:\d+ )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)(?: +\d{1,4}(?!\d*:))*(?: \d\d:\d\d(?::\d\d)?)?(?: [A-Z]{3,4}(?: \d{4})?)?/g;

function withoutTimes(bytes: Buffer): string {
  return bytes.toString('utf8').replaceAll(times, '<time>');
}

function sorted(text: string): string {
  return text.split('\n').sort().join('\n');
}
