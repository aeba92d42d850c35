import { Readable } from 'node:stream';
import { type Artifact, canonicalJson, mediaTypes, type RunScores, type StageScore, type SuiteStage } from '../../domain/index.ts';
import type { ScoreInput, ScoreResult, StageRun } from '../../workflows/contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { openSealing } from '../evaluate/sealing.ts';
import { scratchOf } from '../intake/suite.ts';
import { artifactOf, putBlob, putBlobStream } from '../io/blobs.ts';
import { withSpool } from '../io/spool.ts';
import { type SpoolText, startSpoolText } from '../io/spool-text.ts';
import type { StageResult } from '../stage.ts';
import { rescore } from './rescore.ts';

/**
 * Computes the run's scores from the stored answers and keeps them: `scores/scores.json` and each question's values as
 * `scores/items-<stage>.jsonl`, those of the closed stage sealed. Failures: STORE_CORRUPT, SUITE_KEY_MISSING.
 */
export async function score(
  dependencies: Pick<Dependencies, 'store' | 'settings'>,
  { suite, evaluations, submission }: StageRun & ScoreInput,
): Promise<StageResult<ScoreResult>> {
  const answers = evaluations.map((evaluation) => ({ stage: evaluation.stage, sha256: evaluation.answers }));
  return withSpool(scratchOf(dependencies), async (spool) => {
    const items = new Map<SuiteStage, SpoolText>();
    const scores = await rescore(dependencies, { suite, answers, claim: submission.claim }, (stage, item) => {
      const lines = items.get(stage) ?? startSpoolText(spool);
      items.set(stage, lines);
      lines.write(`${canonicalJson(item)}\n`);
    });
    const blob = await putBlob(dependencies.store, Buffer.from(canonicalJson(scores)), mediaTypes.json);
    const artifacts = [artifactOf(blob, 'scores/scores.json', 'scores'), ...(await keepItems(dependencies, items))];
    return { result: { scores, artifacts, summary: summaryOf(scores) } };
  });
}

async function keepItems(dependencies: Pick<Dependencies, 'store' | 'settings'>, items: ReadonlyMap<SuiteStage, SpoolText>): Promise<Artifact[]> {
  const artifacts: Artifact[] = [];
  for (const [stage, lines] of items) {
    const sealing = await openSealing(dependencies.settings, stage);
    const body = Readable.from(sealing.sealPortions(() => lines.portions()));
    const blob = await putBlobStream(dependencies.store, body, sealing.mediaType, scratchOf(dependencies));
    artifacts.push(artifactOf(blob, `scores/items-${stage}.jsonl`, 'scores'));
  }
  return artifacts;
}

/** For instance "full 0.913 (open 0.960, closed 0.890), the claim of 0.950 holds". */
function summaryOf({ full, open, closed, claim }: RunScores): string {
  const stages = closed ? `open ${stageText(open)}, closed ${stageText(closed)}` : `open ${stageText(open)}`;
  const claimed = claim ? `, the claim of ${claim.claimed.toFixed(3)} ${claim.holds ? 'holds' : 'does not hold'}` : '';
  const silent = open.scenarios.filter(({ stated }) => stated === 0).map(({ name }) => name);
  const notGiven = silent.length === 0 ? '' : `, no log-probabilities given for ${silent.join(', ')}`;
  return `full ${full.toFixed(3)} (${stages})${claimed}${notGiven}`;
}

function stageText({ score, counts }: StageScore): string {
  const missing = counts.failed + counts.unanswered;
  return missing === 0 ? score.toFixed(3) : `${score.toFixed(3)} with ${missing} questions without an answer`;
}
