import type { IncomingMessage } from 'node:http';
import { strippedLocation } from './identity.ts';

export type HeaderPair = [name: string, value: string];

/** Of one connection, not of the message (RFC 9110, 7.6.1); `alt-svc` would lead past the proxy. */
const ofTheConnection = new Set(['connection', 'proxy-connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'alt-svc', 'expect']);

/** Without them the answer is always whole: a recording that says "not modified" could not be replayed. */
const conditions = new Set(['if-none-match', 'if-modified-since']);

/** Proof of who asks, or a name by which to be known again. */
const personal = new Set(['set-cookie', 'set-cookie2', 'authorization', 'authentication-info', 'x-amz-security-token', 'x-auth-token']);

/** What is sent on of a request. */
export function forwardedHeaders(request: IncomingMessage): Record<string, string | string[]> {
  const named = namedInConnection(request);
  const kept = Object.entries(request.headers).filter(([name]) => !ofTheConnection.has(name) && !named.has(name) && !conditions.has(name) && name !== 'host');
  return Object.fromEntries(kept.filter((pair): pair is [string, string | string[]] => pair[1] !== undefined));
}

/** What is passed back of an answer, in its order and spelling. */
export function answeredHeaders(answer: IncomingMessage): HeaderPair[] {
  const named = namedInConnection(answer);
  return pairsOf(answer.rawHeaders).filter(([name]) => !ofTheConnection.has(name.toLowerCase()) && !named.has(name.toLowerCase()));
}

/** What is stored of an answer's headers. */
export function storedHeaders(pairs: readonly HeaderPair[], mask: (text: string) => string = (text) => text): HeaderPair[] {
  const kept = pairs.filter(([name]) => !personal.has(name.toLowerCase())).map(([name, value]): HeaderPair => [mask(name), mask(value)]);
  return kept.map(([name, value]) => (/^(?:location|content-location|link)$/i.test(name) ? [name, strippedHeader(name, value)] : [name, value]));
}

function headerOf(pairs: readonly HeaderPair[], wanted: string): string | undefined {
  return pairs.find(([name]) => name.toLowerCase() === wanted)?.[1];
}

/** What the answer says of its body's size; undefined where it does not. */
export function bodyBytes(pairs: readonly HeaderPair[]): number | undefined {
  const text = headerOf(pairs, 'content-length');
  return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
}

function strippedHeader(name: string, value: string): string {
  if (name.toLowerCase() !== 'link') return strippedLocation(value);
  return value.replaceAll(/<([^>]*)>/g, (_all, address: string) => `<${strippedLocation(address)}>`);
}

function namedInConnection({ headers }: IncomingMessage): Set<string> {
  return new Set((headers.connection ?? '').toLowerCase().split(',').map((name) => name.trim()));
}

function pairsOf(raw: readonly string[]): HeaderPair[] {
  return Array.from({ length: raw.length / 2 }, (_, index): HeaderPair => [raw[2 * index] ?? '', raw[2 * index + 1] ?? '']);
}
