/**
 * `target` in the letter case of `source`, as HELM 0.5.16 does it (helm/common/general.py, match_case): a space or a digit in the
 * source makes it neither all lower nor all upper case.
 */
export function matchCase(source: string, target: string): string {
  const characters = [...source];
  if (characters.every((character) => /^\p{Lowercase}$/u.test(character))) return target.toLowerCase();
  if (characters.every(isUpper)) return target.toUpperCase();
  return isUpper(characters[0] ?? '') ? capitalize(target) : target;
}

function isUpper(character: string): boolean {
  return /^\p{Uppercase}$/u.test(character);
}

/** Python's `str.capitalize`. */
function capitalize(text: string): string {
  const [first = '', ...rest] = [...text];
  return first.toUpperCase() + rest.join('').toLowerCase();
}
