import type { FindingSeverity } from '../scan.ts';

/**
 * Byte strings without which no rule of secretlint's recommended preset can match that the own pack does not cover already
 * (secretlint 13.0.7). Where one stands, its surroundings are handed to secretlint.
 */
export const breadthKeywords: readonly string[] = [
  'xoxb-', 'xoxp-', 'xapp-', 'xoxa-', 'xoxo-', 'xoxr-', 'hooks.slack.com/services/', '_authToken=', ':x-oauth-basic@', 'SG.',
  'shppa_', 'shpca_', 'shpat_', 'shpss_', 'sk_live_', 'sk_test_', 'rk_live_', 'rk_test_', 'glsa_', 'glc_', 'lin_api_', 'ntn_', 'ops_ey',
  'mongodb://', 'mongodb+srv://', 'mysql://', 'mysqlx://', 'hvs.', 'hvb.', 'hvr.', 'vcp_', 'vci_', 'vca_', 'vcr_', 'vck_', 'figd_', 'cfk_', 'cfut_',
  'cfat_', 'tskey-',
];

/** Formats of fixed prefix and length block; connection strings and basic authentication depend on what they name. */
export const breadthSeverity: Readonly<Record<string, FindingSeverity>> = {
  'database-connection-string': 'warn',
  basicauth: 'warn',
  aws: 'warn',
};
