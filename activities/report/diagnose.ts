import type { SuiteStage } from '../../domain/index.ts';
import { outcomeOf } from '../failure.ts';
import { loadSuiteStage } from '../intake/suite.ts';
import { readAnswers } from '../score/answers.ts';
import type { RunSource } from './collect.ts';
import { type Audience, type DiagnosedStage, type Diagnosis, diagnosisFor } from './diagnosis.ts';
import { readStoredRun, type StoredRun } from './stored-run.ts';

/**
 * The diagnosis of a stored run. Without the key of the closed questions their stage is told by its counts alone.
 * Failures: REQUEST_INVALID where the run has no scores, STORE_CORRUPT.
 */
export async function diagnoseRun(source: RunSource, audience: Audience): Promise<Diagnosis> {
  const stored = await readStoredRun(source.store, source.run);
  const stages: DiagnosedStage[] = [];
  for (const score of [stored.scores.open, stored.scores.closed]) {
    if (score) stages.push({ score, ...(await answersUnlessLocked(source, stored, score.stage)) });
  }
  return diagnosisFor(audience, source.run, stages);
}

async function answersUnlessLocked(source: RunSource, { manifest, suite }: StoredRun, stage: SuiteStage): Promise<Omit<DiagnosedStage, 'score'>> {
  const listed = manifest.artifacts.find(({ path }) => path === `answers/${stage}.jsonl`);
  try {
    const content = await loadSuiteStage(source, suite, stage);
    // A stage that came to no answers kept none: all of it counts as unanswered.
    return { content, answers: listed ? await readAnswers(source, content, listed.sha256) : [] };
  } catch (error) {
    if (outcomeOf(error)?.code !== 'SUITE_KEY_MISSING') throw error;
    return {};
  }
}
