import { type SuiteStage, startStageScore } from '../../domain/index.ts';
import { outcomeOf } from '../failure.ts';
import type { Spool } from '../io/spool.ts';
import { startSpoolList } from '../io/spool-list.ts';
import { visitAnswered } from '../score/answers.ts';
import type { RunSource } from './collect.ts';
import { type Audience, type Diagnosis, diagnosisFor, type ItemDiagnosis, itemOf, mayBeSeen, type SeenStage } from './diagnosis.ts';
import { readStoredRun, type StoredRun } from './stored-run.ts';

/**
 * The diagnosis of a stored run, its questions set aside in `spool`, which must stay open as long as they are read. Without the key of
 * the closed questions their stage is told by its counts alone. Failures: REQUEST_INVALID where the run has no scores, STORE_CORRUPT.
 */
export async function diagnoseRun(source: RunSource, audience: Audience, spool: Spool): Promise<Diagnosis> {
  const stored = await readStoredRun(source.store, source.run);
  const stages: Parameters<typeof diagnosisFor>[2][number][] = [];
  for (const score of [stored.scores.open, stored.scores.closed]) {
    if (score) stages.push({ score, seen: await seenUnlessLocked(source, stored, score.stage, audience, spool) });
  }
  return diagnosisFor(audience, source.run, stages);
}

async function seenUnlessLocked(source: RunSource, { manifest, suite }: StoredRun, stage: SuiteStage, audience: Audience, spool: Spool): Promise<SeenStage | undefined> {
  const answers = manifest.artifacts.find(({ path }) => path === `answers/${stage}.jsonl`)?.sha256;
  const items = startSpoolList<ItemDiagnosis>(spool);
  const scorer = startStageScore(stage);
  const keepsItems = mayBeSeen(audience, stage);
  try {
    const given = await visitAnswered(source, { suite, stage, answers }, spool, (scenario, question, answer) => {
      const item = scorer.add(scenario, question, answer);
      if (keepsItems) items.push(itemOf(item, question, answer));
    });
    return { answers: { [Symbol.iterator]: () => given?.values()[Symbol.iterator]() ?? [].values() }, items, confidence: scorer.finish().confidence };
  } catch (error) {
    if (outcomeOf(error)?.code !== 'SUITE_KEY_MISSING') throw error;
    return undefined;
  }
}
