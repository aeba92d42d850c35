import { axisX, axisY, dot, gridX, link, text } from '@observablehq/plot';
import type { Analysis } from '../../../domain/analysis/index.ts';
import { range, shortened } from '../wording.ts';
import { type Figure, labelWidth, nameCharacters, svg, type Width } from './draw.ts';

/** Each model's score with its interval, and beside it the ranks that it may have. */
export function rankingFigure({ ranking }: Analysis): Figure {
  const hasIntervals = ranking.bootstrap !== undefined;
  const description = `For each model its full score${hasIntervals ? ' with the 95 % interval of the bootstrap' : ''}, best first`;
  return { name: 'ranking', title: hasIntervals ? 'Score and its 95\u00a0% interval' : 'Score', description, draw: (width) => draw(ranking, width, description) };
}

function draw({ models }: Analysis['ranking'], width: Width, description: string): string {
  // Rows are told apart by their place: two names may be the same once they are cut.
  const names = models.map(({ id }) => shortened(id, nameCharacters[width]));
  const rows = models.map(({ full, interval }, place) => ({
    place: String(place),
    full,
    low: interval?.full[0] ?? full,
    high: interval?.full[1] ?? full,
    ranks: interval ? range(interval.rank) : '',
  }));
  const hasIntervals = models.some(({ interval }) => interval !== undefined);
  const ticks = width === 'wide' ? 8 : 4;
  const y = (row: (typeof rows)[number]): string => row.place;
  return svg(
    {
      height: rows.length * 24 + 58,
      marginLeft: labelWidth(names),
      marginRight: hasIntervals ? 56 : 12,
      marginTop: hasIntervals ? 26 : 8,
      marginBottom: 36,
      x: { label: 'full score', nice: true },
      y: { domain: rows.map(({ place }) => place), padding: 0.4 },
      marks: [
        gridX({ stroke: 'var(--line)', strokeOpacity: 1, ticks }),
        axisY({ label: null, tickSize: 0, tickFormat: (place: string) => names[Number(place)] ?? '' }),
        axisX({ label: 'full score', labelAnchor: 'center', labelArrow: 'none', tickSize: 0, ticks }),
        link(rows, { x1: 'low', x2: 'high', y1: y, y2: y, stroke: 'var(--blue)', strokeWidth: 6, strokeOpacity: 0.35, strokeLinecap: 'round' }),
        dot(rows.filter(({ full }) => full !== null), { x: 'full', y, r: 4.5, fill: 'var(--blue)' }),
        ...(hasIntervals
          ? [
              text(rows, { y, text: 'ranks', frameAnchor: 'right', textAnchor: 'end', dx: 46, fill: 'var(--muted)', fontVariant: 'tabular-nums' }),
              text(['ranks'], { frameAnchor: 'top-right', textAnchor: 'end', dx: 46, dy: -18, fill: 'var(--muted)' }),
            ]
          : []),
      ],
    },
    width,
    description,
  );
}
