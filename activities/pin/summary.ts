import type { BuildInput, InputVerdict } from '../../domain/index.ts';

/** "31 inputs: 22 exact, 6 by date, 2 by recording, 1 resists". */
export function summaryOf(inputs: readonly BuildInput[]): string {
  const words: [InputVerdict, string][] = [
    ['exact', 'exact'],
    ['by-date', 'by date'],
    ['by-recording', 'by recording'],
    ['resists', inputs.filter((input) => input.verdict === 'resists').length === 1 ? 'resists' : 'resist'],
  ];
  const counts = words.map(([verdict, word]) => ({ count: inputs.filter((input) => input.verdict === verdict).length, word }));
  const parts = counts.filter(({ count }) => count > 0).map(({ count, word }) => `${count} ${word}`);
  const total = `${inputs.length} input${inputs.length === 1 ? '' : 's'}`;
  return parts.length === 0 ? total : `${total}: ${parts.join(', ')}`;
}
