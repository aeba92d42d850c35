import type { Settings } from '../../dependencies.ts';
import { createGuard, type Guard } from '../../record/addresses.ts';

type Addresses = Pick<Settings, 'pipIndexUrl' | 'npmRegistryUrl' | 'aptSnapshot' | 'aptArchive' | 'condaChannels' | 'recording'>;

/**
 * What the past is read from: the operator's own servers, wherever they are; where these lead (files, redirects), outward alone, but for what
 * builds may reach.
 */
export function operatorsGuard({ pipIndexUrl, npmRegistryUrl, aptSnapshot = {}, aptArchive = {}, condaChannels = [], recording }: Addresses): Guard {
  const addresses = [pipIndexUrl, npmRegistryUrl, ...Object.values(aptSnapshot), ...Object.values(aptArchive), ...condaChannels];
  const named = addresses.filter((each): each is string => each !== undefined && URL.canParse(each)).map((each) => new URL(each));
  return createGuard([...(recording?.reachable ?? []), ...named.map(({ hostname, port, protocol }) => `${hostname}:${port || (protocol === 'http:' ? 80 : 443)}`)]);
}
