import { expect, it } from 'vitest';
import { withKnownChannels } from '../../../../activities/pin/by-date/undated.ts';
import type { BuildInput } from '../../../../domain/index.ts';
import { inputsOf } from '../table.ts';

it.each([
  ['that is configured', 'RUN conda install -c https://example.org/c a', 'by-date'],
  ['with a slash at its end', 'RUN conda install -c https://example.org/c/ a', 'by-date'],
  ['that a command configures', 'RUN conda config --add channels https://example.org/c && conda install a', 'by-date'],
  ['below it', 'RUN conda install -c https://example.org/c/other a', 'by-recording'],
  ['of somebody else', 'RUN conda install -c https://example.com/c a', 'by-recording'],
] satisfies [string, string, BuildInput['verdict']][])('takes a channel %s for what it is', async (_, line, verdict) => {
  const inputs = withKnownChannels(await inputsOf(`FROM scratch\n${line}`, {}), ['https://example.org/c']);
  expect(inputs.filter(({ kind }) => kind === 'conda').map((each) => each.verdict)).toEqual([verdict]);
});
