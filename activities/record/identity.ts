import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { redactText } from '../scan/redact-text.ts';

/** Where a request of a build goes. */
export interface Target {
  protocol: 'http:' | 'https:';
  /** Without brackets. */
  hostname: string;
  port: number;
  /** Path and query as they were sent. */
  path: string;
}

/** The target of a request in absolute form; user and password are left out. Undefined where it is none of HTTP's. */
export function targetOf(address: string): Target | undefined {
  const match = /^(https?):\/\/(?:[^/?#]*@)?(\[[^\]]+\]|[^/?#:]+)(?::(\d+))?([^#]*)$/i.exec(address);
  if (!match) return undefined;
  const protocol = match[1]?.toLowerCase() === 'https' ? 'https:' : 'http:';
  const path = match[4] ?? '';
  return {
    protocol,
    hostname: (match[2] ?? '').toLowerCase().replaceAll(/^\[|\]$/g, ''),
    port: match[3] === undefined ? defaultPort(protocol) : Number(match[3]),
    path: path.startsWith('/') ? path : `/${path}`,
  };
}

/**
 * `https://host/path`, as it stands in a recording: nothing in it proves who asked. `mask` takes out what the operator gave, so
 * that another token asks for the same.
 */
export function strippedUrl({ protocol, hostname, port, path }: Target, mask: (text: string) => string = (text) => text): string {
  const [name = '', query] = splitAt(mask(path), '?');
  const shownPath = withDigests(name);
  const host = mask(hostname) === hostname ? hostname : 'redacted.invalid';
  return `${protocol}//${hostOf({ protocol, hostname: host, port })}${shownPath}${query === undefined ? '' : `?${strippedQuery(query)}`}`;
}

/** As in an address and in the Host header. */
export function hostOf({ protocol, hostname, port }: Pick<Target, 'protocol' | 'hostname' | 'port'>): string {
  const host = hostname.includes(':') ? `[${hostname}]` : hostname;
  return port === defaultPort(protocol) ? host : `${host}:${port}`;
}

/** A Location header, stripped as the request that follows it will be. */
export function strippedLocation(location: string): string {
  const target = targetOf(location);
  if (target) return strippedUrl(target);
  const [name = '', query] = splitAt(location, '?');
  return query === undefined ? name : `${name}?${strippedQuery(query)}`;
}

/** Headers by which a server chooses among answers; everything else of a request is not kept. */
const choosing = ['accept', 'accept-encoding', 'git-protocol', 'range'];

export function choosingHeaders(headers: IncomingHttpHeaders, mask: (text: string) => string = (text) => text): Record<string, string> {
  return Object.fromEntries(choosing.flatMap((name) => (typeof headers[name] === 'string' ? [[name, mask(headers[name])]] : [])));
}

const secretParameter =
  /^(?:x-(?:amz|goog)-(?:signature|credential|security-token)|sig|signature|policy|key-pair-id|(?:access|refresh|id|auth|private|job|api|session|bearer|oauth)?[_-]?token|api[_-]?key|access[_-]?key(?:[_-]?id)?|awsaccesskeyid|(?:client[_-]?)?secret|pass(?:word|wd)?|pwd|auth|authorization|credentials?|jwt|session(?:[_-]?id)?)$/i;

function strippedQuery(query: string): string {
  return query
    .split('&')
    .map((part) => {
      const [name = '', value] = splitAt(part, '=');
      if (value === undefined) return withDigests(part);
      return secretParameter.test(decoded(name)) ? `${name}=redacted` : `${name}=${withDigests(value)}`;
    })
    .join('&');
}

/** Two addresses that differ by a token in their path stay two: each known token becomes its marker with a digest. */
function withDigests(text: string): string {
  const redacted = redactText(text);
  return redacted === text ? text : `${redacted}~${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
}

function splitAt(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function defaultPort(protocol: string): number {
  return protocol === 'https:' ? 443 : 80;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // No valid escape: then it is compared as it stands.
  }
}
