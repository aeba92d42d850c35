import type { ShellCommand } from './shell.ts';

/** Whether a command adds a package source outside of the distribution, of which no snapshots are kept. */
export function addsPackageSource({ name, words, redirects, pipedInto }: ShellCommand): boolean {
  if (/^(?:add-apt-repository|apt-add-repository|extrepo)$/.test(name)) return true;
  if (redirects.some(({ operator, target }) => operator.startsWith('>') && isSourceFile(target))) return true;
  if (name === 'tee' && words.some(({ value }) => isSourceFile(value))) return true;
  if (/^(?:curl|wget)$/.test(name) && pipedInto !== undefined && /^(?:ba|da|z)?sh$/.test(pipedInto)) return words.some(({ value }) => /(?:\.deb\.sh|\/setup_[\w.]+|packagecloud\.io\/.*)$/.test(value));
  if (/^(?:curl|wget)$/.test(name)) return words.some(({ value }) => isSourceFile(value));
  // A package that is a keyring, or names a repository, brings the repository's list.
  return name === 'dpkg' && words.some(({ value }) => /(?:keyring|release|repo|apt-source|apt-config)[^/]*\.deb$/.test(value));
}

function isSourceFile(path: string): boolean {
  return /^["']?\/etc\/apt\/sources\.list(?:\.d\/|["']?$)/.test(path);
}
