import { run } from '../../activities/io/subprocess.ts';
import { findOnPath } from '../binaries.ts';

export interface DebianSource {
  uri: string;
  suite: string;
  component: 'main';
}

/**
 * The Debian sources of a release that this machine's own apt uses, the main one first; none where it uses no Debian, and
 * debootstrap's default is taken. So a mirror or proxy that the operator set up for apt serves the image as well.
 */
export async function debianSources(release: string): Promise<DebianSource[]> {
  if (!(await findOnPath('apt-get'))) return [];
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)';
  const { stdout } = await run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
  return sourcesIn(stdout, release);
}

/** Reads lines `uri suite component origin`; the origin is not known before the first `apt-get update`. */
export function sourcesIn(text: string, release: string): DebianSource[] {
  const wanted = [release, `${release}-updates`, `${release}-security`];
  const rows = text.split('\n').map((line) => line.trim().split(' '));
  const found = wanted.flatMap((suite) => {
    const row = rows.find(([uri = '', name, component, origin = 'Debian']) =>
      /^https?:/.test(uri) && name === suite && component === 'main' && origin === 'Debian');
    return row?.[0] === undefined ? [] : [{ uri: row[0].replace(/\/$/, ''), suite, component: 'main' as const }];
  });
  return found[0]?.suite === release ? found : [];
}
