import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from '../activities/io/subprocess.ts';

/** The index that pip on this machine is told to ask: PIP_INDEX_URL, then its configuration files from the user's to the site's. */
export function hostPipIndex(environment: NodeJS.ProcessEnv): string | undefined {
  if (environment['PIP_INDEX_URL']) return environment['PIP_INDEX_URL'];
  const configuration = environment['XDG_CONFIG_HOME'] ?? join(homedir(), '.config');
  const files = [environment['PIP_CONFIG_FILE'], join(configuration, 'pip', 'pip.conf'), join(homedir(), '.pip', 'pip.conf'), '/etc/pip.conf'];
  for (const file of files) {
    const url = file !== undefined && existsSync(file) ? indexIn(readFileSync(file, 'utf8')) : undefined;
    if (url !== undefined) return url;
  }
  return undefined;
}

/** `index-url` of the sections that hold for installing. */
function indexIn(text: string): string | undefined {
  let section = '';
  let found: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    section = /^\[(\w+)\]/.exec(line)?.[1] ?? section;
    const url = /^index[-_]url\s*[=:]\s*(\S+)/.exec(line)?.[1];
    if (url !== undefined && (section === 'install' || (section === 'global' && found === undefined))) found = url;
  }
  return found;
}

/**
 * What pip and npm themselves ask where nothing is configured, by their own word; undefined where the program is not there, and
 * nothing is then resolved as of a date until the setting names an address.
 */
export async function askClients({ pipIndexUrl, npmRegistryUrl }: { pipIndexUrl?: string | undefined; npmRegistryUrl?: string | undefined }): Promise<{
  pipIndexUrl?: string;
  npmRegistryUrl?: string;
}> {
  const [pip, npm] = await Promise.all([
    pipIndexUrl ?? addressOf('python3', ['-c', 'from pip._internal.models.index import PyPI; print(PyPI.simple_url)']),
    npmRegistryUrl ?? addressOf('npm', ['config', 'get', 'registry']),
  ]);
  return { ...(pip === undefined ? {} : { pipIndexUrl: pip }), ...(npm === undefined ? {} : { npmRegistryUrl: npm }) };
}

async function addressOf(program: string, args: string[]): Promise<string | undefined> {
  // A program that is not installed is no failure: it has no address to tell.
  const answer = await run(program, args, { timeoutMs: 10_000 }).catch(() => undefined);
  const address = answer?.stdout.trim() ?? '';
  return answer?.exitCode === 0 && /^https?:\/\//.test(address) ? address : undefined;
}
