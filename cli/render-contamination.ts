import type { BaseModelCheck, ContaminationReport } from '../domain/contamination/index.ts';
import { columns } from './terminal.ts';

/** Scenario by scenario what the training data holds of the questions; ids and places, never a text. */
export function renderContamination({ training, scenarios, questions }: ContaminationReport, baseModel: BaseModelCheck | undefined): string {
  const rows = scenarios.map(({ name, stage, questions: all, unchecked, overlapping, near }) => [stage, name, String(all), String(unchecked), String(overlapping), String(near)]);
  const found = questions.map(({ id, scenario, found: ngrams, ngrams: of, first, nearest }) => [
    `  ${scenario}`,
    id,
    first ? `${ngrams} of ${of} n-grams, first ${first.file}:${first.line}` : '',
    nearest ? `${Math.round(nearest.similarity * 100)} % like ${nearest.file}:${nearest.line}` : '',
  ]);
  return [
    `${training.documents} documents, ${training.tokens} tokens in ${training.files.length} files`,
    ...columns([['stage', 'scenario', 'questions', 'too short', 'overlapping', 'near'], ...rows]),
    ...columns(found),
    ...uncheckedLine(scenarios),
    ...(baseModel ? [`Base model: ${baseModel.verdict} (${baseModel.reason})`] : []),
  ].join('\n');
}

/** Not found is not the same as not looked for. */
function uncheckedLine(scenarios: ContaminationReport['scenarios']): string[] {
  const [unchecked, all] = [scenarios.reduce((sum, scenario) => sum + scenario.unchecked, 0), scenarios.reduce((sum, scenario) => sum + scenario.questions, 0)];
  return unchecked === 0 ? [] : [`Of ${unchecked} of ${all} questions n-grams can say nothing: they have fewer than eight words of their own.`];
}
