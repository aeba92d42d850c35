import type { FailureCode } from '../../domain/index.ts';
import type { BuildCause } from '../build/classify.ts';

/** What went wrong between a build and the outside. */
export interface Trouble {
  kind: 'unreachable' | 'broken' | 'inward' | 'not-http' | 'distrusted' | 'missing' | 'disk-full' | 'store' | 'too-many' | 'internal';
  /** Stripped of credentials. */
  url: string;
  reason: string;
}

/** Troubles in the order in which they came, with what came right after them. */
export interface Troubles {
  add(trouble: Trouble): void;
  /** An answer came through: an earlier trouble with the same address is over, one with another may have been got over. */
  wentWell(url: string): void;
  all(): readonly Trouble[];
  /** Forgets what came before: a step begins. */
  begin(): void;
  /** The cause of a step's failure, where it lies between the build and the outside. */
  causeOf(cause: BuildCause | undefined, lines: readonly string[]): { code: FailureCode; reason: string } | undefined;
}

const codes: Record<Trouble['kind'], FailureCode> = {
  unreachable: 'BUILD_NETWORK',
  broken: 'BUILD_NETWORK',
  inward: 'BUILD_NETWORK_REFUSED',
  'not-http': 'BUILD_NETWORK_REFUSED',
  distrusted: 'BUILD_TLS_REFUSED',
  missing: 'REPLAY_MISSING_REQUEST',
  'disk-full': 'DISK_FULL',
  store: 'STORE_UNREACHABLE',
  'too-many': 'BUILD_NETWORK_REFUSED',
  internal: 'PLATFORM_ERROR',
};

/** Whatever a step did afterwards, these fail it. */
const decisive = new Set<Trouble['kind']>(['missing', 'disk-full', 'store', 'too-many', 'internal']);

/** What a step's own words may come from. */
const vague = new Set<FailureCode>(['BUILD_STEP_FAILED', 'BUILD_PACKAGE_MISSING', 'BUILD_NETWORK']);

/** What tools say that go past the proxy, from a network without a way out. */
const pastTheProxy = /(Network is unreachable|No route to host|Temporary failure (?:in name resolution|resolving '[^']+')|Could not resolve host(?:name)?:? \S+|Name or service not known|bad address '[^']+'|getaddrinfo E?AI_AGAIN \S+|Connection (?:timed out|refused))/i;

export function createTroubles(): Troubles {
  const all: Trouble[] = [];
  let ofStep: Trouble[] = [];
  let open: (Trouble & { gotOver: boolean })[] = [];
  return {
    add(trouble) {
      all.push(trouble);
      ofStep.push(trouble);
      open.push({ ...trouble, gotOver: false });
    },
    wentWell(url) {
      open = open.filter((each) => each.url !== url).map((each) => ({ ...each, gotOver: true }));
    },
    all: () => all,
    begin() {
      [ofStep, open] = [[], []];
    },
    causeOf(cause, lines) {
      const sure = ofStep.find(({ kind }) => decisive.has(kind));
      if (sure) return told(sure);
      if (cause && !vague.has(cause.code)) return undefined;
      const named = open.findLast(({ url }) => lines.some((line) => line.includes(hostIn(url)))) ?? open.findLast(({ gotOver }) => !gotOver);
      if (named) return told(named);
      const words = lines.slice(-40).findLast((line) => pastTheProxy.test(line));
      return words === undefined ? undefined : { code: 'BUILD_NETWORK_REFUSED', reason: `it went out past the proxy: ${words.trim().slice(0, 200)}` };
    },
  };
}

function told({ kind, url, reason }: Trouble): { code: FailureCode; reason: string } {
  return { code: codes[kind], reason: `${url}: ${reason}` };
}

function hostIn(url: string): string {
  return url.replace(/^https?:\/\//, '').split(/[/?]/, 1)[0] ?? url;
}
