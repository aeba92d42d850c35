import type { Settings } from '../dependencies.ts';
import { createRedactor } from '../scan/redact.ts';
import type { Redact } from './stage-log.ts';

/** Shorter values would take ordinary words out of every line. */
const shortestSecret = 6;

/**
 * Takes secrets out of one log, whose lines are given in order: what the operator gave (secrets by name, passwords in proxy
 * addresses) in every encoding, and what the rules of the secret scan know.
 */
export function logRedactor({ secrets, httpProxy, httpsProxy }: Pick<Settings, 'secrets' | 'httpProxy' | 'httpsProxy'>): Redact {
  const named = Object.entries(secrets).map(([name, value]) => ({ name, value }));
  const proxies = [httpProxy, httpsProxy].map((address) => ({ name: 'proxy-password', value: passwordOf(address) }));
  return createRedactor({ values: [...named, ...proxies].filter(({ value }) => value.length >= shortestSecret) });
}

function passwordOf(address: string | undefined): string {
  return address !== undefined && URL.canParse(address) ? decodeURIComponent(new URL(address).password) : '';
}
