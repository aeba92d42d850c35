import type { Settings } from '../dependencies.ts';
import { createRedactor } from '../scan/redact.ts';
import type { NamedValue } from '../scan/values.ts';
import type { Redact } from './stage-log.ts';

/** Shorter values would take ordinary words out of every line. */
const shortestSecret = 6;

export type MaskedSettings = Pick<Settings, 'secrets' | 'httpProxy' | 'httpsProxy'>;

/**
 * Takes secrets out of one log, whose lines are given in order: what the operator gave (secrets by name, passwords in proxy
 * addresses) in every encoding, and what the rules of the secret scan know.
 */
export function logRedactor(settings: MaskedSettings): Redact {
  return createRedactor({ values: maskedValues(settings) });
}

/** Whatever the operator gave that nobody else may see. */
export function maskedValues({ secrets, httpProxy, httpsProxy }: MaskedSettings): NamedValue[] {
  const named = Object.entries(secrets).map(([name, value]) => ({ name, value }));
  const proxies = [httpProxy, httpsProxy].map((address) => ({ name: 'proxy-password', value: passwordOf(address) }));
  return [...named, ...proxies].filter(({ value }) => value.length >= shortestSecret);
}

function passwordOf(address: string | undefined): string {
  return address !== undefined && URL.canParse(address) ? decodeURIComponent(new URL(address).password) : '';
}
