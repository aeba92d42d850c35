import { axisY, barX, text } from '@observablehq/plot';
import type { Analysis } from '../../../domain/analysis/index.ts';
import { shortened } from '../wording.ts';
import { type Figure, labelWidth, nameCharacters, svg, type Width } from './draw.ts';

/** For each model how many pairs of the others turn over when it is left out. */
export function leftOutFigure({ ranking }: Analysis): Figure {
  const description = 'Pairs of other models whose order turns over when the named model is left out';
  const draw = (width: Width): string => {
    const rows = ranking.stability
      .filter(({ turnedOver }) => turnedOver.length > 0)
      .toSorted((one, other) => other.turnedOver.length - one.turnedOver.length)
      .map(({ without, turnedOver }, place) => ({ place: String(place), name: shortened(without, nameCharacters[width]), pairs: turnedOver.length }));
    return svg(
      {
        height: rows.length * 22 + 24,
        marginLeft: labelWidth(rows.map(({ name }) => name)),
        marginRight: 36,
        marginTop: 4,
        marginBottom: 8,
        x: { axis: null, domain: [0, Math.max(5, ...rows.map(({ pairs }) => pairs))] },
        y: { domain: rows.map(({ place }) => place), padding: 0.3 },
        marks: [
          axisY({ label: null, tickSize: 0, tickFormat: (place: string) => rows[Number(place)]?.name ?? '' }),
          barX(rows, { x: 'pairs', y: 'place', fill: 'var(--orange)', rx2: 2 }),
          text(rows, { x: 'pairs', y: 'place', text: ({ pairs }: { pairs: number }) => String(pairs), textAnchor: 'start', dx: 6, fontVariant: 'tabular-nums' }),
        ],
      },
      width,
      description,
    );
  };
  return { name: 'left-out', title: 'Pairs that turn over without this model', description, draw };
}
