import type { Config } from './config.ts';

/** How builds are recorded, as the stages want it; nothing where they are not. */
export function recordingSettings({ recordBuilds, recordingAuthorityFile, buildReaches }: Pick<Config, 'recordBuilds' | 'recordingAuthorityFile' | 'buildReaches'>): { recording?: { authorityFile: string; reachable: string[] } } {
  if (recordBuilds === 'off') return {};
  return { recording: { authorityFile: recordingAuthorityFile, reachable: buildReaches.split(',').filter(Boolean) } };
}
