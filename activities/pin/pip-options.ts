/** Options of `pip install` that take a value (pip 19 to 26, `pip install --help`). */
export const pipOptionsWithValue: ReadonlySet<string> = new Set(
  `-r --requirement -c --constraint --build-constraint -e --editable -t --target --platform --python-version --implementation --abi --root --prefix --src
  --upgrade-strategy -C --config-settings --config-setting --global-option --build-option --install-option --no-binary --only-binary --progress-bar --root-user-action
  --report --group -i --index-url --extra-index-url -f --find-links --python --log --keyring-provider --proxy --retries --timeout --default-timeout
  --exists-action --trusted-host --cert --client-cert --cache-dir --use-feature --use-deprecated --resume-retries --uploaded-prior-to -b --build
  --requirements-from-script --pypi-url`.split(/\s+/),
);

/** What `pip wheel`, `pip download` and `uv pip` take besides (uv 0.13, `uv pip install --help`). */
export const relatedOptionsWithValue: ReadonlySet<string> = new Set([
  ...pipOptionsWithValue,
  ...'-w --wheel-dir -d --dest -p --index --default-index --index-strategy --torch-backend --resolution --prerelease --exclude-newer --link-mode --python-platform --overrides --build-constraints'.split(' '),
]);

/** Options of `pip install` without a value. */
const pipFlags: ReadonlySet<string> = new Set(
  `--no-deps --pre --dry-run --user -U --upgrade --force-reinstall -I --ignore-installed --ignore-requires-python --no-build-isolation --use-pep517
  --no-use-pep517 --check-build-dependencies --break-system-packages --compile --no-compile --no-warn-script-location --no-warn-conflicts --prefer-binary
  --require-hashes --no-clean --no-index -h --help --debug --isolated --require-virtualenv -v -vv -vvv --verbose -V --version -q -qq -qqq --quiet
  --no-input --no-cache-dir --disable-pip-version-check --no-color --no-python-version-warning --process-dependency-links --egg --system
  --use-wheel --no-use-wheel --no-download --all-releases --only-final`.split(/\s+/),
);

export function isPipOption(option: string): boolean {
  if (pipOptionsWithValue.has(option) || pipFlags.has(option)) return true;
  if (/^-[A-Za-z]+$/.test(option))
    return option
      .slice(1)
      .split('')
      .every((letter) => pipFlags.has(`-${letter}`) || pipOptionsWithValue.has(`-${letter}`));
  // optparse takes an unambiguous beginning of a long option.
  return option.startsWith('--') && option.length > 4 && [...pipOptionsWithValue, ...pipFlags].some((known) => known.startsWith(option));
}

/** The known option that a misspelt one is at most two letters away from. */
export function nearestPipOption(option: string): string | undefined {
  if (!option.startsWith('--')) return pipFlags.has(`-${option}`) || pipOptionsWithValue.has(`-${option}`) ? `-${option}` : undefined;
  const near = [...pipOptionsWithValue, ...pipFlags].filter((known) => known.startsWith('--') && Math.abs(known.length - option.length) <= 2);
  return near
    .map((known) => ({ known, edits: edits(known, option) }))
    .filter((each) => each.edits <= 2)
    .sort((a, b) => a.edits - b.edits)[0]?.known;
}

function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
