import type { Fidelity } from '../../../domain/index.ts';
import type { Breakage } from './breakages.ts';
import type { Facts } from './facts.ts';
import type { Remedy } from './table.ts';

/** What the pinned Dockerfile gets. */
export type Change =
  | { kind: 'constraints'; specs: string[]; isolated: boolean }
  | { kind: 'index'; name: string; before: string }
  | { kind: 'argument'; name: string; value: string }
  | { kind: 'run'; command: string; arguments: Record<string, string> }
  | { kind: 'apt-version'; package: string; version: string }
  | { kind: 'apt-archive' };

export interface Repair {
  /** Row of the table. */
  id: string;
  change: Change;
  fidelity: Fidelity;
  why: string;
  /** For people: `setuptools<58`, `peft as of 2023-11-07T…`. */
  what: string;
}

export type RepairPlan = { status: 'repair'; breakage: Breakage; repair: Repair } | { status: 'none'; breakage?: Breakage; why: string };

/**
 * What to try next for a step that failed: the first remedy, in the order of the table, that the facts allow and that was not
 * tried for this step. `facts` are told for each breakage. Pure.
 */
export function planRepair(known: readonly { breakage: Breakage; facts: Facts }[], tried: readonly Pick<Repair, 'id' | 'what'>[]): RepairPlan {
  for (const { breakage, facts } of known) {
    for (const remedy of breakage.row.remedies) {
      const applied = changeOf(remedy, breakage, facts);
      if (!applied) continue;
      const repair = { id: breakage.row.id, fidelity: remedy.fidelity, why: breakage.row.why, ...applied };
      if (!tried.some((each) => each.id === repair.id && each.what === repair.what)) return { status: 'repair', breakage, repair };
    }
  }
  const [first] = known;
  if (!first) return { status: 'none', why: 'no repair is known for this' };
  const { row } = first.breakage;
  const remedies = row.remedies.length === 0 ? row.why : tried.some(({ id }) => id === row.id) ? 'what is known to help did not' : `nothing that is known helps here: ${row.why}`;
  return { status: 'none', breakage: first.breakage, why: remedies };
}

type Applied = Pick<Repair, 'change' | 'what'>;

function changeOf(remedy: Remedy, breakage: Breakage, facts: Facts): Applied | undefined {
  switch (remedy.kind) {
    case 'constrain':
      return facts.before === undefined ? undefined : constraint(remedy.specs, true);
    case 'keep-yanked':
      return facts.package?.yanked === undefined ? undefined : constraint([`${facts.package.name}==${facts.package.yanked}`], false);
    case 'shift':
      return shifted(facts, facts.package?.appeared);
    case 'wheel':
      if (facts.package?.hadWheel === true) return argument('PIP_ONLY_BINARY', facts.package.name, `${facts.package.name} as a wheel, of the newest version that has one`);
      return shifted(facts, facts.package?.wheelAppeared);
    case 'argument':
      return remedy.until !== undefined && (facts.before === undefined || facts.before > remedy.until) ? undefined : argument(remedy.name, remedy.value, `${remedy.name}=${remedy.value}`);
    case 'run':
      return remedy.replacedBase && !facts.replacedBase ? undefined : command(remedy.command, remedy.arguments ?? {}, breakage);
    case 'newest-apt':
      return oldApt(breakage.named);
    case 'apt-archive':
      return facts.aptArchive ? { change: { kind: 'apt-archive' }, what: 'the archive of retired suites answers for it' } : undefined;
  }
}

function constraint(specs: string[], isolated: boolean): Applied {
  return { change: { kind: 'constraints', specs, isolated }, what: specs.join(', ') };
}

function shifted({ before, package: about }: Facts, appeared: { version: string; before: string } | undefined): Applied | undefined {
  if (before === undefined || !about || !appeared) return undefined;
  return { change: { kind: 'index', name: about.name, before: appeared.before }, what: `${about.name} as of ${appeared.before}, when ${appeared.version} had appeared` };
}

function argument(name: string, value: string, what: string): Applied {
  return { change: { kind: 'argument', name, value }, what };
}

function command(text: string, given: Record<string, string>, { named }: Breakage): Applied {
  const filled = text.replaceAll('<module>', named['module'] ?? '');
  return { change: { kind: 'run', command: filled, arguments: given }, what: [filled, ...Object.entries(given).map(([name, value]) => `${name}=${value}`)].join(', ') };
}

function oldApt({ package: name, version }: Record<string, string>): Applied | undefined {
  if (name === undefined || version === undefined) return undefined;
  return { change: { kind: 'apt-version', package: name, version }, what: `${name} in the archive's version instead of ${version}` };
}
