import { posix } from 'node:path';
import { contextPathOf, type ImageFiles } from './image-files.ts';
import type { Reading } from './reading.ts';
import type { ShellCommand } from './shell.ts';
import { withoutUser } from './pip-specs.ts';
import { readText } from './source-files.ts';

/** Programs whose packages come from an index that a submission may configure. */
export type Indexed = 'pip' | 'uv' | 'npm' | 'conda';

/** An index that is not the program's own, and where it is named. */
export interface OtherIndex {
  url: string;
  /** `/etc/pip.conf`, `pip config set`, `PIP_INDEX_URL`. */
  named: string;
  /** It takes the place of the program's own index, rather than standing beside it. */
  instead: boolean;
  /** By a variable, which wins over files and commands. */
  variable?: boolean;
}

export type ConfiguredIndex = OtherIndex & { program: Indexed };

interface Configured {
  variables: Record<string, boolean>;
  /** Files of the image, and of the directory in which the program runs. */
  files: string[];
  local: string[];
  /** A variable that names another file. */
  chosen: string;
  /** `key value` pairs of a text, as the program reads its files. */
  keys: RegExp;
  instead: RegExp;
  /** The program's own. */
  own: RegExp;
}

const pypi = /^https?:\/\/(?:www\.)?(?:pypi\.org|pypi\.python\.org|files\.pythonhosted\.org)(?:\/|$)/;

/** By the documents of pip 26, uv 0.13, npm 11 and conda 25; `true` of a variable: instead of the program's own. */
const programs: Record<Indexed, Configured> = {
  pip: {
    variables: { PIP_INDEX_URL: true, PIP_EXTRA_INDEX_URL: false, PIP_FIND_LINKS: false },
    files: ['/etc/pip.conf', '/etc/xdg/pip/pip.conf', '/root/.pip/pip.conf', '/root/.config/pip/pip.conf', '/usr/pip.conf', '/usr/local/pip.conf', '/opt/venv/pip.conf', '/opt/conda/pip.conf'],
    local: [],
    chosen: 'PIP_CONFIG_FILE',
    keys: /^\s*(index[-_]url|extra[-_]index[-_]url|find[-_]links)\s*[=:]\s*((?:\S+[^\S\n]*(?:\n[ \t]+)?)+)/gim,
    instead: /^index/i,
    own: pypi,
  },
  uv: {
    variables: { UV_INDEX_URL: true, UV_DEFAULT_INDEX: true, UV_INDEX: false, UV_EXTRA_INDEX_URL: false, UV_FIND_LINKS: false },
    files: ['/etc/uv/uv.toml', '/root/.config/uv/uv.toml'],
    local: ['uv.toml', 'pyproject.toml'],
    chosen: 'UV_CONFIG_FILE',
    keys: /^\s*(index-url|extra-index-url|find-links|url)\s*=\s*(\[[^\]]*\]|"[^"\n]*"|'[^'\n]*')/gim,
    instead: /^index-url/,
    own: pypi,
  },
  npm: {
    variables: { npm_config_registry: true, NPM_CONFIG_REGISTRY: true, YARN_NPM_REGISTRY_SERVER: true },
    files: ['/root/.npmrc', '/usr/local/etc/npmrc', '/usr/etc/npmrc', '/etc/npmrc', '/root/.yarnrc'],
    local: ['.npmrc', '.yarnrc', '.yarnrc.yml'],
    chosen: 'NPM_CONFIG_USERCONFIG',
    keys: /^\s*((?:@[\w.-]+:)?registry|npmRegistryServer:?)[\s=:]+(\S+)/gim,
    instead: /./,
    own: /^https?:\/\/registry\.(?:npmjs\.org|yarnpkg\.com)(?:\/|$)/,
  },
  conda: {
    variables: { CONDA_CHANNELS: true, CONDA_CHANNEL_ALIAS: true },
    files: ['/root/.condarc', '/opt/conda/.condarc', '/opt/conda/condarc', '/etc/conda/.condarc', '/etc/conda/condarc', '/root/.mambarc'],
    local: [],
    chosen: 'CONDARC',
    keys: /^\s*(-|channel_alias:|custom_channels:|[\w-]+:)\s+(\S+)/gim,
    instead: /./,
    own: /^https?:\/\/(?:conda\.anaconda\.org|repo\.anaconda\.com)(?:\/|$)/,
  },
};

/** What a command configures for those after it: `pip config set`, `npm config set`, `conda config --add`. */
export function noteIndexes({ name, words }: ShellCommand, image: ImageFiles): void {
  const values = words.map(({ value }) => value).filter((value) => !/^-(?!-add|-prepend|-append|-set)/.test(value));
  const program = /^(?:python|pypy)[\d.]*$/.test(name) ? values.splice(0, 1)[0] : name;
  const [verb, action = '', key = '', value = ''] = /^(?:npm|pnpm|yarn)$/.test(program ?? '') && values[0] === 'set' ? ['config', ...values] : values;
  if (verb !== 'config') return;
  const [left = key, right = value] = key.includes('=') ? [key.slice(0, key.indexOf('=')), key.slice(key.indexOf('=') + 1)] : [];
  const named = `${program} config ${action}`;
  if (/^pip[\d.]*$/.test(program ?? '') && action === 'set') image.indexes.push(...ofText('pip', `${left.replace(/^[^.]*\./, '')} = ${right}`, named));
  if (/^(?:npm|pnpm|yarn)$/.test(program ?? '') && action === 'set') image.indexes.push(...ofText('npm', `${left} = ${right}`, named));
  if (/^(?:conda|mamba|micromamba)$/.test(program ?? '') && /^(?:--)?(?:add|prepend|append|set)$/.test(action)) image.indexes.push(...ofText('conda', `- ${right}`, named));
}

type Seen = Pick<Reading, 'image' | 'context' | 'lookup'>;

/** The indexes besides its own from which a program takes packages, as far as variables, files and commands before tell. */
export async function otherIndexes(program: Indexed, { assignments, directory }: Pick<ShellCommand, 'assignments' | 'directory'>, reading: Seen): Promise<OtherIndex[]> {
  const { variables, files, local, chosen } = programs[program];
  const valueOf = (name: string): string | undefined => assignments[name] ?? reading.lookup(name);
  const set = Object.entries(variables).flatMap(([name, instead]) => addressesOf(program, valueOf(name) ?? '').map((url) => ({ url, named: name, instead, variable: true })));
  const here = directory === undefined ? [] : local.map((name) => posix.resolve('/', directory, name));
  const inFiles = await rememberedFor(reading, [program, ...here, valueOf(chosen) ?? ''].join('\n'), async () => {
    const paths = new Set([...files, ...placed(program, reading.image), ...here, ...[valueOf(chosen) ?? []].flat()]);
    return (await Promise.all([...paths].map((path) => ofFile(program, path, reading)))).flat();
  });
  return [...set, ...reading.image.indexes.filter((each) => each.program === program), ...inFiles];
}

interface Remembered {
  /** Of the image's copies, how many were looked at, and how many of those may have brought such a file. */
  seen: number;
  relevant: number;
  answers: Map<string, Promise<ConfiguredIndex[]>>;
}

const remembered = new WeakMap<ImageFiles, Remembered>();

/** Thousands of steps ask for the same files: the answer holds until a COPY, or a command, may have brought another. */
function rememberedFor({ image, context }: Seen, key: string, find: () => Promise<ConfiguredIndex[]>): Promise<ConfiguredIndex[]> {
  const known = remembered.get(image) ?? { seen: 0, relevant: 0, answers: new Map() };
  remembered.set(image, known);
  for (; known.seen < image.copies.length; known.seen += 1) {
    const { source = '', destination = '' } = image.copies[known.seen] ?? {};
    if (/(?:conf|toml|ini|rc|rc\.yml)$/.test(source) || /(?:conf|toml|ini|rc|rc\.yml)$/.test(destination) || context.files.kindOf(source) === 'directory') known.relevant += 1;
  }
  const place = `${known.relevant}\n${key}`;
  const answer = known.answers.get(place) ?? find();
  known.answers.set(place, answer);
  return answer;
}

/** Such an index, of those that the command itself names before all others, as a report shows it: without who asks. */
export async function otherIndexOf(program: Indexed, command: ShellCommand, reading: Reading, given: readonly string[] = []): Promise<string | undefined> {
  const [named] = given.flatMap((value) => addressesOf(program, value));
  if (named !== undefined) return withoutUser(named);
  const [first] = await otherIndexes(program, command, reading);
  return first && `${withoutUser(first.url)} (${first.named})`;
}

/** The programs whose own index a stage replaces by files or commands: a variable of ours would undo that, which is where each says so. */
export async function replacedIndexes(directory: string, reading: Seen): Promise<Map<Indexed, string>> {
  const replaced = new Map<Indexed, string>();
  for (const program of ['pip', 'uv', 'npm'] as const) {
    const found = (await otherIndexes(program, { assignments: {}, directory }, reading)).find(({ instead, variable }) => instead && !variable);
    if (found) replaced.set(program, `${withoutUser(found.url)} (${found.named})`);
  }
  return replaced;
}

/** In the homes of other users than root, and in environments: wherever a file of this name is put. */
function placed(program: Indexed, { copies }: ImageFiles): string[] {
  const homes = new Set(copies.flatMap(({ destination }) => /^\/home\/[^/]+/.exec(destination)?.[0] ?? []));
  const ofHomes = [...homes].flatMap((home) => programs[program].files.filter((path) => path.startsWith('/root/')).map((path) => home + path.slice('/root'.length)));
  const names: Record<Indexed, RegExp> = { pip: /\/pip\.conf$/, uv: /\/uv\/uv\.toml$/, npm: /\/etc\/npmrc$/, conda: /\/\.?condarc$/ };
  const named = copies.map(({ source, destination, intoDirectory }) => (intoDirectory ? posix.join(destination, posix.basename(source)) : destination));
  return [...ofHomes, ...named.filter((path) => names[program].test(path))];
}

async function ofFile(program: Indexed, path: string, { image, context }: Seen): Promise<ConfiguredIndex[]> {
  const located = contextPathOf(image, context, path);
  const text = located === undefined ? undefined : await readText(context.files, located);
  return text === undefined ? [] : ofText(program, path.endsWith('/pyproject.toml') ? uvTables(text) : text, path);
}

/** Of a project's file only what is uv's. */
function uvTables(text: string): string {
  return text.split(/^(?=\[)/m).filter((table) => /^\[+tool\.uv(?:\.index|\.pip)?\]/.test(table)).join('');
}

function ofText(program: Indexed, text: string, named: string): ConfiguredIndex[] {
  const { keys, instead } = programs[program];
  // An index of uv is the default one where it says so.
  const isDefault = program === 'uv' && /^\s*default\s*=\s*true/m.test(text);
  return [...text.replaceAll(/^\s*[#;].*$/gm, '').matchAll(keys)].flatMap(([, key = '', value = '']) =>
    addressesOf(program, value).map((url) => ({ program, url, named, instead: instead.test(key) || isDefault })),
  );
}

function addressesOf(program: Indexed, value: string): string[] {
  return [...value.matchAll(/https?:\/\/[^\s"',\]]+/g)].map(([url]) => url).filter((url) => !programs[program].own.test(url));
}
