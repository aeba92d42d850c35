import { dot, line, text } from '@observablehq/plot';
import type { StageAgreement } from '../../../domain/analysis/index.ts';
import { shortened } from '../wording.ts';
import { type Figure, labelWidth, nameCharacters, svg, type Width } from './draw.ts';

/** Ranks by which a model rises or falls between the stages before it is coloured. */
const notable = 3;

/** The ranks of the open stage beside those of the closed one, a line for each model. */
export function stagesFigure(agreement: StageAgreement): Figure {
  const description = 'Each model’s rank in the open stage joined to its rank in the closed stage';
  return { name: 'stages', title: 'Ranks in the open and in the closed stage', description, draw: (width) => draw(agreement, width, description) };
}

function draw({ ranks }: StageAgreement, width: Width, description: string): string {
  const both = ranks.flatMap(({ id, open, closed }) => (open === null || closed === null ? [] : [{ id, open, closed }]));
  // Models of one rank stand below each other, so that no label covers another.
  const places = { open: placesOf(both.map(({ open }) => open)), closed: placesOf(both.map(({ closed }) => closed)) };
  const ends = both.flatMap(({ id, open, closed }, index) => {
    const name = shortened(id, nameCharacters[width] - 2);
    const colour = colourOf(open - closed);
    return [
      { id, stage: 'open', place: places.open[index] ?? 0, label: `${name}\u2002${open}`, colour },
      { id, stage: 'closed', place: places.closed[index] ?? 0, label: `${closed}\u2002${name}`, colour },
    ];
  });
  const margin = labelWidth(ends.map(({ label }) => label));
  const lines = both.map(({ id }) => ends.filter((end) => end.id === id));
  return svg(
    {
      height: both.length * 24 + 40,
      marginLeft: margin,
      marginRight: margin,
      marginTop: 30,
      marginBottom: 10,
      x: { type: 'point', domain: ['open', 'closed'], axis: null, padding: 0.06 },
      y: { axis: null, reverse: true },
      color: { type: 'identity' },
      marks: [
        ...lines.map((pair) => line(pair, { x: 'stage', y: 'place', stroke: pair[0]?.colour ?? 'var(--muted)', strokeWidth: 2 })),
        dot(ends, { x: 'stage', y: 'place', r: 4, fill: 'colour' }),
        text(ends.filter(({ stage }) => stage === 'open'), { x: 'stage', y: 'place', text: 'label', textAnchor: 'end', dx: -10 }),
        text(ends.filter(({ stage }) => stage === 'closed'), { x: 'stage', y: 'place', text: 'label', textAnchor: 'start', dx: 10 }),
        text(['open', 'closed'], { x: (stage: string) => stage, frameAnchor: 'top', dy: -20, text: (stage: string) => `${stage} stage`, fill: 'var(--muted)' }),
      ],
    },
    width,
    description,
  );
}

function placesOf(ranks: readonly number[]): number[] {
  return ranks.map((rank, index) => ranks.filter((other, at) => other < rank || (other === rank && at < index)).length);
}

function colourOf(rise: number): string {
  if (rise >= notable) return 'var(--blue)';
  return rise <= -notable ? 'var(--orange)' : 'var(--muted)';
}
