import { canonicalJson, type SuiteStage } from '../../domain/index.ts';
import type { Spool } from '../io/spool.ts';
import { startSpoolText } from '../io/spool-text.ts';
import type { Portions } from './suite-crypto.ts';
import type { StageQuestion } from './suite-split.ts';

export interface StageText {
  /** The questions of one scenario come one after the other. */
  add(asked: StageQuestion): void;
  /** The same of a question in canonical JSON. */
  addLine(scenario: string, line: string): void;
  scenarios: { name: string; questions: number }[];
  /** The canonical JSON of the whole stage (SuiteStageContent); nothing may be added any more. */
  portions: Portions;
}

/** Writes the text of a stage into a spool as its questions come. */
export function startStageText(stage: SuiteStage, spool: Spool): StageText {
  const scenarios: StageText['scenarios'] = [];
  const text = startSpoolText(spool);
  const addLine = (scenario: string, line: string): void => {
    const last = scenarios.at(-1);
    const isNew = last?.name !== scenario;
    if (isNew) scenarios.push({ name: scenario, questions: 1 });
    else last.questions += 1;
    const before = isNew ? `${last ? ']},' : '{"scenarios":['}{"name":${JSON.stringify(scenario)},"questions":[` : ',';
    text.write(before + line);
  };
  return {
    scenarios,
    addLine,
    add: ({ scenario, question }) => addLine(scenario, canonicalJson(question)),
    portions: async function* portions() {
      yield* text.portions();
      yield Buffer.from(`]}],"stage":${JSON.stringify(stage)}}`);
    },
  };
}
