import type { Fidelity } from '../../../domain/index.ts';

/** Whose words a row is read in; what a command of the submission prints itself is nobody's. */
export type Speaker = 'pip' | 'a package that pip builds' | 'apt';

/** What can be done; each is tried only where the facts allow it (plan.ts). */
export type Remedy =
  /** Versions that pip may not go beyond, in builds that it isolates too. */
  | { kind: 'constrain'; specs: string[] }
  /** The version that fits, though it is yanked: pip takes it where it is named. */
  | { kind: 'keep-yanked' }
  /** This one project as of the time when what is asked for had appeared. */
  | { kind: 'shift' }
  /** A wheel for the image's Python: of an older version, or of the first that has one. */
  | { kind: 'wheel' }
  | { kind: 'argument'; name: string; value: string; until?: string }
  /** A command before the step, and arguments that it needs; `replacedBase`: only where the image is not the one that the submission names. */
  | { kind: 'run'; command: string; arguments?: Record<string, string>; replacedBase?: true }
  /** The package in the version that the archive has. */
  | { kind: 'newest-apt' }
  /** The archive of what has left the mirrors. */
  | { kind: 'apt-archive' };

export interface RepairRow {
  id: string;
  speaker: Speaker;
  /** On one line. Groups: `package`, `requirement`, `version`, `module`. */
  pattern: RegExp;
  breakage: string;
  /** In their order; none where it is known that nothing helps without hiding what the submission itself has wrong. */
  remedies: (Remedy & { fidelity: Fidelity })[];
  /** Why it broke, or why nothing is done; with its source. */
  why: string;
}

const near = 'near' as const;
const substitution = 'substitution' as const;

const compiler = 'apt-get update && apt-get install -y --no-install-recommends build-essential python3-dev && rm -rf /var/lib/apt/lists/*';

/** What breaks builds that once held, and what makes them hold again. The first row that is found and can be done is tried. */
export const repairTable: RepairRow[] = [
  {
    id: 'setuptools-2to3',
    speaker: 'a package that pip builds',
    pattern: /error in (?<package>\S+) setup command: use_2to3 is invalid/,
    breakage: 'its setup.py wants 2to3, which setuptools no longer has',
    remedies: [{ kind: 'constrain', specs: ['setuptools<58'], fidelity: near }],
    why: 'setuptools 58.0.0 (September 2021) removed use_2to3',
  },
  {
    id: 'setuptools-pkg-resources',
    speaker: 'a package that pip builds',
    pattern: /No module named '?pkg_resources'?/,
    breakage: 'its setup.py imports pkg_resources, which setuptools no longer has',
    remedies: [{ kind: 'constrain', specs: ['setuptools<82'], fidelity: near }],
    why: 'setuptools 82.0.0 (February 2026) removed pkg_resources',
  },
  {
    id: 'cython-3',
    speaker: 'a package that pip builds',
    pattern: /AttributeError: cython_sources/,
    breakage: 'its setup.py is for Cython before 3',
    remedies: [{ kind: 'constrain', specs: ['Cython<3'], fidelity: near }],
    why: 'Cython 3.0.0 (July 2023) changed what PyYAML before 6.0.1 uses; github.com/yaml/pyyaml issue 601',
  },
  {
    id: 'sklearn-name',
    speaker: 'a package that pip builds',
    pattern: /SKLEARN_ALLOW_DEPRECATED_SKLEARN_PACKAGE_INSTALL=True/,
    breakage: 'the package sklearn refuses to be installed, by the clock',
    remedies: [{ kind: 'argument', name: 'SKLEARN_ALLOW_DEPRECATED_SKLEARN_PACKAGE_INSTALL', value: 'True', until: '2023-12-01T00:00:00.000Z', fidelity: near }],
    why: 'until December 2023 sklearn installed at most hours of the day; github.com/scikit-learn/sklearn-pypi-package',
  },
  {
    id: 'rust-missing',
    speaker: 'a package that pip builds',
    pattern: /error: can't find Rust compiler/,
    breakage: 'there is no wheel for this Python, and no Rust compiler to build one',
    remedies: [{ kind: 'wheel', fidelity: near }],
    why: 'wheels for a new Python follow weeks after it',
  },
  {
    id: 'compiler-missing',
    speaker: 'a package that pip builds',
    pattern: /error: command '[^']*(?:gcc|g\+\+|cc)' failed: No such file or directory|unable to execute '[^']*(?:gcc|g\+\+|cc)'/,
    breakage: 'there is no wheel for this Python, and no C compiler to build one',
    remedies: [{ kind: 'wheel', fidelity: near }, { kind: 'run', command: compiler, replacedBase: true, fidelity: substitution }],
    why: 'the base image that the submission names may have a compiler; where the very image is used, it has none either',
  },
  {
    id: 'headers-missing',
    speaker: 'a package that pip builds',
    pattern: /fatal error: Python\.h: No such file or directory/,
    breakage: 'there is no wheel for this Python, and no header files of Python to build one',
    remedies: [{ kind: 'wheel', fidelity: near }, { kind: 'run', command: compiler, replacedBase: true, fidelity: substitution }],
    why: 'the base image that the submission names may have the headers; where the very image is used, it has none either',
  },
  {
    id: 'cuda-missing',
    speaker: 'a package that pip builds',
    pattern: /fatal error: cuda[\w./]*\.h: No such file or directory/,
    breakage: 'the image has no CUDA toolkit to compile with',
    remedies: [],
    why: 'a toolkit comes with the base image (its -devel variant); none is put in its place',
  },
  {
    id: 'build-requirement-missing',
    speaker: 'a package that pip builds',
    pattern: /No module named '(?<module>torch|packaging|wheel|numpy|Cython|psutil)'/,
    breakage: 'its setup.py imports a package that it does not declare',
    // PIP_NO_BUILD_ISOLATION is what pip takes as the value of build-isolation: 0 is without.
    remedies: [{ kind: 'run', command: 'pip install <module> setuptools wheel', arguments: { PIP_NO_BUILD_ISOLATION: '0' }, replacedBase: true, fidelity: substitution }],
    why: 'the base image that the submission names may have the package, and wheel, with which pip did not isolate builds before 23.1 (PEP 517); where the very image is used, it has none either',
  },
  {
    id: 'wheel-not-built',
    speaker: 'pip',
    pattern: /ERROR: Failed building wheel for (?<package>\S+)/,
    breakage: 'there is no wheel for this Python, and its source does not build',
    remedies: [{ kind: 'wheel', fidelity: near }],
    why: 'wheels for a new Python follow weeks after it',
  },
  {
    id: 'python-differs',
    speaker: 'pip',
    pattern: /ERROR: Ignored the following versions that require a different python version: (?<version>.+)/,
    breakage: 'the index has versions for another Python than the image has',
    remedies: [],
    why: 'the Python comes with the base image; none is put in its place',
  },
  {
    id: 'no-version',
    speaker: 'pip',
    pattern: /ERROR: Could not find a version that satisfies the requirement (?<requirement>.+?)(?: \(from .*)?$/,
    breakage: 'the index has no such version as of the date',
    remedies: [{ kind: 'keep-yanked', fidelity: near }, { kind: 'shift', fidelity: near }],
    why: 'a yanked version is taken where it is named (PEP 592); what appeared after the date was there when the submission was made, or it never built',
  },
  {
    id: 'conflict',
    speaker: 'pip',
    pattern: /ERROR: Cannot install (?<package>.+?) because these package versions have conflicting dependencies/,
    breakage: 'the requirements contradict each other',
    remedies: [],
    why: 'pip says so whatever the date; the submission has to say which of them holds',
  },
  {
    id: 'hash-differs',
    speaker: 'pip',
    pattern: /ERROR: THESE PACKAGES DO NOT MATCH THE HASHES/,
    breakage: 'a package does not have the hash that the submission gives',
    remedies: [],
    why: 'the hash is the submission’s own word; nothing else is put in its place',
  },
  {
    id: 'apt-version',
    speaker: 'apt',
    pattern: /^E: Version '(?<version>[^']+)' for '(?<package>[^']+)' was not found/,
    breakage: 'the archive no longer has this version',
    remedies: [{ kind: 'newest-apt', fidelity: substitution }],
    why: 'a distribution’s archive keeps only the newest version of a release',
  },
  {
    id: 'apt-stale-lists',
    speaker: 'apt',
    pattern: /^E: Failed to fetch \S+\.deb\s+404\s+Not Found/,
    breakage: 'the lists in the image name packages that the archive no longer has',
    remedies: [{ kind: 'run', command: 'apt-get update', fidelity: near }],
    why: 'a mirror removes a package when its next version comes; the lists of an earlier layer do not know',
  },
  {
    id: 'apt-suite-retired',
    speaker: 'apt',
    pattern: /^E: The repository '(?<requirement>[^']+) Release' (?:does not have|no longer has) a Release file/,
    breakage: 'the suite has left the mirrors of its distribution',
    remedies: [{ kind: 'apt-archive', fidelity: 'faithful' }],
    why: 'a distribution moves suites that are out of support to an archive, the same signed packages (REPRISE_APT_ARCHIVE)',
  },
];
