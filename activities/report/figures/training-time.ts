import { axisX, axisY, dot, gridX, gridY, text } from '@observablehq/plot';
import type { TrainingTime } from '../../../domain/analysis/index.ts';
import { type Figure, svg, type Width } from './draw.ts';

/** Full score against how long the training took; each point carries its model's rank. */
export function trainingTimeFigure({ points }: TrainingTime): Figure {
  const description = 'Full score against training time, each point labelled with the model’s rank';
  const unit = unitFor(Math.max(...points.map(({ trainingMs }) => trainingMs)));
  const rows = points.map(({ id, trainingMs, score, rank }) => ({ time: trainingMs / unit.milliseconds, score, rank: String(rank), id }));
  const draw = (width: Width): string => {
    const ticks = width === 'wide' ? 8 : 4;
    return svg(
      {
        height: width === 'wide' ? 300 : 260,
        marginLeft: 46,
        marginRight: 20,
        marginTop: 32,
        marginBottom: 44,
        x: { nice: true, zero: true },
        y: { nice: true, insetTop: 12, insetBottom: 12 },
        marks: [
          gridY({ stroke: 'var(--line)', strokeOpacity: 1, ticks: 5 }),
          gridX({ stroke: 'var(--line)', strokeOpacity: 1, ticks }),
          axisX({ label: `training time (${unit.name})`, labelAnchor: 'center', labelArrow: 'none', tickSize: 0, ticks }),
          axisY({ label: 'full score', labelArrow: 'none', tickSize: 0, ticks: 5 }),
          dot(rows, { x: 'time', y: 'score', r: 10, fill: 'var(--surface)', stroke: 'var(--blue)', strokeWidth: 2, title: 'id' }),
          text(rows, { x: 'time', y: 'score', text: 'rank', fontSize: 11, fontWeight: 600, fontVariant: 'tabular-nums' }),
        ],
      },
      width,
      description,
    );
  };
  return { name: 'training-time', title: 'Score against training time', description, draw };
}

function unitFor(mostMs: number): { name: string; milliseconds: number } {
  if (mostMs >= 2 * 3_600_000) return { name: 'hours', milliseconds: 3_600_000 };
  return mostMs >= 2 * 60_000 ? { name: 'minutes', milliseconds: 60_000 } : { name: 'seconds', milliseconds: 1_000 };
}
