import { Answer, type SuiteStageContent } from '../../domain/index.ts';
import { openSealing } from '../evaluate/sealing.ts';
import { failure } from '../failure.ts';
import { getBlob } from '../io/blobs.ts';
import type { RescoreDependencies } from './rescore.ts';

/**
 * The stored answers of one stage, one for each question of `content`. Failures: STORE_CORRUPT where the object is missing or
 * changed, or holds an answer twice, too many or too few; SUITE_KEY_MISSING.
 */
export async function readAnswers({ store, settings }: RescoreDependencies, content: SuiteStageContent, sha256: string): Promise<Answer[]> {
  const sealing = await openSealing(settings, content.stage);
  const lines = Buffer.from(sealing.open(await getBlob(store, sha256))).toString('utf8').split('\n');
  const answers = lines.filter((line) => line !== '').map((line, index) => parseAnswer(line, index + 1, sha256));
  const asked = new Set(content.scenarios.flatMap((scenario) => scenario.questions.map((question) => question.id)));
  const given = new Set(answers.map((answer) => answer.id));
  if (given.size !== answers.length || given.size !== asked.size || [...asked].some((id) => !given.has(id))) {
    const counts = `${answers.length} answers to ${given.size} questions, and the ${content.stage} stage has ${asked.size} questions`;
    throw failure('STORE_CORRUPT', `the answers ${sha256} do not fit the suite: ${counts}`);
  }
  return answers;
}

/** Names the line and never quotes it: it may be of the closed stage. */
function parseAnswer(line: string, number: number, sha256: string): Answer {
  try {
    return Answer.parse(JSON.parse(line));
  } catch {
    throw failure('STORE_CORRUPT', `line ${number} of the answers ${sha256} is no answer`);
  }
}
