import type { Analysis } from '../../../domain/analysis/index.ts';
import { coarseFigure, distanceFigure } from './coarse.ts';
import type { Figure } from './draw.ts';
import { leftOutFigure } from './left-out.ts';
import { rankingFigure } from './ranking.ts';
import { scenariosFigure } from './scenarios.ts';
import { stagesFigure } from './stages.ts';
import { trainingTimeFigure } from './training-time.ts';

export type { Figure } from './draw.ts';

export interface Figures {
  ranking: Figure;
  stages?: Figure;
  scenarios?: Figure;
  coarse?: Figure;
  distance?: Figure;
  leftOut?: Figure;
  trainingTime?: Figure;
}

/** The figures that an analysis has something to show for. */
export function figuresOf(analysis: Analysis): Figures {
  const { stageAgreement, scenarioAgreement, coarse, trainingTime, ranking } = analysis;
  const hasSizes = coarse !== null && coarse.bySize.length > 1;
  return {
    ranking: rankingFigure(analysis),
    ...(stageAgreement && stageAgreement.models > 1 ? { stages: stagesFigure(stageAgreement) } : {}),
    ...(scenarioAgreement.scenarios.length > 1 ? { scenarios: scenariosFigure(scenarioAgreement) } : {}),
    ...(hasSizes ? { coarse: coarseFigure(coarse), distance: distanceFigure(coarse) } : {}),
    ...(ranking.stability.some(({ turnedOver }) => turnedOver.length > 0) ? { leftOut: leftOutFigure(analysis) } : {}),
    ...(trainingTime ? { trainingTime: trainingTimeFigure(trainingTime) } : {}),
  };
}
