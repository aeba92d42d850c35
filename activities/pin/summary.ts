import type { BuildInput, Fidelity, InputKind } from '../../domain/index.ts';
import type { Resistance } from './reading.ts';

/** "31 inputs: 22 faithful, 6 near, 2 recorded, 1 resists (gated model)": how far what the builds take in is from the original. */
export function summaryOf(inputs: readonly BuildInput[]): string {
  const resisting = inputs.filter(({ verdict }) => verdict === 'resists');
  const parts = [
    ...fidelities.map(([fidelity, word]) => counted(inputs.filter((input) => input.fidelity === fidelity).length, word)),
    counted(inputs.filter(({ verdict }) => verdict === 'by-recording').length, 'recorded'),
    counted(resisting.length, `${resisting.length === 1 ? 'resists' : 'resist'} (${reasonsOf(resisting)})`),
  ].filter((part) => part !== undefined);
  const total = `${inputs.length} input${inputs.length === 1 ? '' : 's'}`;
  return parts.length === 0 ? total : `${total}: ${parts.join(', ')}`;
}

const fidelities: [Fidelity, string][] = [
  ['faithful', 'faithful'],
  ['near', 'near'],
  ['substitution', 'substituted'],
];

function counted(count: number, word: string): string | undefined {
  return count === 0 ? undefined : `${count} ${word}`;
}

/** "gated model, 2 missing file" */
function reasonsOf(resisting: readonly BuildInput[]): string {
  const counts = new Map<string, number>();
  for (const { kind, reason } of resisting) {
    const resistance = reason?.split(':', 1)[0] as Resistance;
    const words = reasons[resistance]?.(nouns[kind]) ?? nouns[kind];
    counts.set(words, (counts.get(words) ?? 0) + 1);
  }
  return [...counts].map(([words, count]) => (count === 1 ? words : `${count} × ${words}`)).join(', ');
}

const nouns: Record<InputKind, string> = {
  base: 'base image', apt: 'package', pip: 'package', conda: 'package', npm: 'package', git: 'repository', hub: 'model', url: 'address', copy: 'file', script: 'script',
};

const reasons: Record<Resistance, (noun: string) => string> = {
  gone: (noun) => `${noun} gone`,
  gated: (noun) => `gated ${noun}`,
  credential: (noun) => `${noun} behind a credential`,
  'missing-file': () => 'missing file',
  'no-time-data': (noun) => `undated ${noun}`,
  'mutable-url': () => 'changing address',
  'nondeterministic-script': () => 'script that differs each time',
};
