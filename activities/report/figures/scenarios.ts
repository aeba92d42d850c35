import { axisX, axisY, cell, text } from '@observablehq/plot';
import type { ScenarioAgreement } from '../../../domain/analysis/index.ts';
import { heatOf } from '../palette.ts';
import { figure, shortened } from '../wording.ts';
import { type Figure, labelWidth, svg, type Width } from './draw.ts';

/** Spearman between every two scenarios: which of them rank the models alike. */
export function scenariosFigure(agreement: ScenarioAgreement): Figure {
  const description = 'Spearman rank correlation between the models’ scores of every two scenarios, and with the full score';
  return { name: 'scenarios', title: 'Do the scenarios rank alike?', description, draw: (width) => draw(agreement, width, description) };
}

/** Scenarios up to which a cell is wide enough for its number; with more, colour alone tells. */
const numbered: Record<Width, number> = { wide: 16, narrow: 10 };

function draw({ scenarios, spearman }: ScenarioAgreement, width: Width, description: string): string {
  const names = [...scenarios, 'full score'].map((name) => shortened(name, width === 'wide' ? 18 : 12));
  const keys = names.map((_, index) => String(index));
  // Below the diagonal only: the other half says the same.
  const cells = spearman.flatMap((row, left) =>
    row.slice(0, left).map((value, right) => ({
      left: String(left),
      right: String(right),
      label: value === null ? '·' : figure(value, width === 'wide' ? 2 : 1),
      ...(value === null ? { fill: 'var(--panel)', ink: 'var(--muted)' } : heatOf(value)),
    })),
  );
  const named = (key: string): string => names[Number(key)] ?? '';
  const labels = labelWidth(names);
  return svg(
    {
      height: (names.length - 1) * (width === 'wide' ? 32 : 25) + labels * 0.75 + 12,
      marginLeft: labels,
      marginBottom: labels * 0.75,
      marginTop: 4,
      marginRight: width === 'wide' ? 40 : 8,
      x: { type: 'band', domain: keys.slice(0, -1), padding: 0.05, label: null },
      y: { type: 'band', domain: keys.slice(1), padding: 0.05, label: null },
      color: { type: 'identity' },
      marks: [
        axisX({ tickFormat: named, tickSize: 0, tickRotate: -40, label: null }),
        axisY({ tickFormat: named, tickSize: 0, label: null }),
        cell(cells, { x: 'right', y: 'left', fill: 'fill', rx: 3 }),
        ...(names.length - 1 <= numbered[width] ? [text(cells, { x: 'right', y: 'left', text: 'label', fill: 'ink', fontVariant: 'tabular-nums', fontSize: width === 'wide' ? 12 : 10.5 })] : []),
      ],
    },
    width,
    description,
  );
}
