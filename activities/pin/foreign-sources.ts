import type { ShellCommand } from './shell.ts';

/** Whether a command adds a package source outside of the distribution, of which no snapshots are kept. */
export function addsPackageSource({ name, words, redirects, pipedInto }: ShellCommand): boolean {
  if (/^(?:add-apt-repository|apt-add-repository|extrepo)$/.test(name)) return true;
  if (redirects.some(({ operator, target }) => operator.startsWith('>') && isAdded(target, operator === '>>'))) return !namesDistribution(words);
  if (name === 'tee' && words.some(({ value }) => isAdded(value, words.some((word) => /^(?:-a|--append)$/.test(word.value))))) return true;
  if (/^(?:curl|wget)$/.test(name) && pipedInto !== undefined && /^(?:ba|da|z)?sh$/.test(pipedInto)) return words.some(({ value }) => /(?:\.deb\.sh|\/setup_[\w.]+|packagecloud\.io\/.*)$/.test(value));
  if (/^(?:curl|wget)$/.test(name)) return words.some(({ value }) => isAdded(value, false));
  // A package that is a keyring, or names a repository, brings the repository's list.
  return name === 'dpkg' && words.some(({ value }) => /(?:keyring|release|repo|apt-source|apt-config)[^/]*\.deb$/.test(value));
}

/** A file beside the distribution's list, or what is added to that; a list that is written anew says where the distribution is taken from. */
function isAdded(path: string, appended: boolean): boolean {
  const [, place] = /^["']?\/etc\/apt\/sources\.list(\.d\/|["']?$)/.exec(path) ?? [];
  return place === '.d/' || (place !== undefined && appended);
}

/** Only mirrors of the distribution, by their path: backports, say. */
function namesDistribution(words: ShellCommand['words']): boolean {
  const paths = words.flatMap(({ value }) => [...value.matchAll(/https?:\/\/[^/\s]+(\/[^\s"']*)/g)].map(([, path = '']) => path));
  return paths.length > 0 && paths.every((path) => /^\/(?:debian(?:-security|-archive)?|ubuntu(?:-ports)?)(?:\/|$)/.test(path));
}
