import { axisX, axisY, dot, gridY, line, text } from '@observablehq/plot';
import type { CoarseAgreement } from '../../../domain/analysis/index.ts';
import { figure } from '../wording.ts';
import { type Figure, svg, type Width } from './draw.ts';

/** Agreement with the whole ranking by how many items a scenario gives. */
export function coarseFigure({ bySize }: CoarseAgreement): Figure {
  const description = 'Spearman and Kendall correlation of coarse rankings with the full one, by items a scenario';
  const points = bySize.flatMap(({ size, spearman, kendall }) => [
    ...(spearman === null ? [] : [{ size, value: spearman, measure: 'Spearman', colour: 'var(--blue)' }]),
    ...(kendall === null ? [] : [{ size, value: kendall, measure: 'Kendall', colour: 'var(--orange)' }]),
  ]);
  const draw = (width: Width): string =>
    svg(
      {
        ...frame(bySize.map(({ size }) => size), width),
        color: { type: 'identity' },
        y: { domain: [Math.min(0, ...points.map(({ value }) => value)), 1] },
        marks: [
          gridY({ stroke: 'var(--line)', strokeOpacity: 1 }),
          ...axes(bySize.map(({ size }) => size), 'correlation with the full ranking'),
          ...['Spearman', 'Kendall'].flatMap((measure) => {
            const own = points.filter((point) => point.measure === measure);
            const last = own.slice(-1);
            return [
              line(own, { x: 'size', y: 'value', stroke: own[0]?.colour ?? 'var(--ink)', strokeWidth: 2 }),
              dot(own, { x: 'size', y: 'value', fill: 'colour', r: 4, symbol: measure === 'Kendall' ? 'square' : 'circle' }),
              text(last, { x: 'size', y: 'value', text: 'measure', fill: 'colour', textAnchor: 'start', dx: 8, dy: measure === 'Kendall' ? 6 : -6 }),
            ];
          }),
        ],
      },
      width,
      description,
    );
  return { name: 'coarse-agreement', title: 'Agreement with the full ranking', description, draw };
}

/** How far from its rank a model may come out, by how many items a scenario gives. */
export function distanceFigure({ bySize }: CoarseAgreement): Figure {
  const description = 'The distance within which 95 % of the models’ coarse ranks are from their full ranks, by items a scenario';
  const draw = (width: Width): string =>
    svg(
      {
        ...frame(bySize.map(({ size }) => size), width),
        y: { domain: [0, 1 + Math.max(...bySize.map(({ rankDistance }) => rankDistance))] },
        marks: [
          gridY({ stroke: 'var(--line)', strokeOpacity: 1 }),
          ...axes(bySize.map(({ size }) => size), 'ranks off, at most, in 95 %'),
          line(bySize, { x: 'size', y: 'rankDistance', stroke: 'var(--blue)', strokeWidth: 2 }),
          dot(bySize, { x: 'size', y: 'rankDistance', fill: 'var(--blue)', r: 4 }),
          text(bySize, { x: 'size', y: 'rankDistance', text: ({ rankDistance }: { rankDistance: number }) => `±${figure(rankDistance, Number.isInteger(rankDistance) ? 0 : 1)}`, dy: -13 }),
        ],
      },
      width,
      description,
    );
  return { name: 'coarse-distance', title: 'How far a model’s rank may be off', description, draw };
}

function frame(sizes: readonly number[], width: Width): object {
  return {
    height: width === 'wide' ? 260 : 230,
    marginLeft: 40,
    marginRight: 74,
    marginTop: 30,
    marginBottom: 44,
    x: { type: 'log', domain: [Math.min(...sizes), Math.max(...sizes)], insetLeft: 16 },
  };
}

function axes(sizes: readonly number[], label: string): ReturnType<typeof axisX>[] {
  return [
    axisX({ ticks: [...sizes], tickFormat: String, label: 'items a scenario', labelAnchor: 'center', labelArrow: 'none', tickSize: 4 }),
    axisY({ label, labelArrow: 'none', tickSize: 0, ticks: 5 }),
  ];
}
