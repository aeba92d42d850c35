import { Answer, type SuiteStage, type SuiteStageContent } from '../../domain/index.ts';
import { openSealing } from '../evaluate/sealing.ts';
import { type AnswerShelf, createAnswerShelf } from '../evaluate/shelf.ts';
import { failure } from '../failure.ts';
import { getBlobStream } from '../io/blobs.ts';
import type { Spool } from '../io/spool.ts';
import { splitLines } from '../io/split-lines.ts';
import type { RescoreDependencies } from './rescore.ts';

/**
 * The stored answers of one stage, one for each question of `content`. Failures: STORE_CORRUPT where the object is missing or
 * changed, or holds an answer twice, too many or too few; SUITE_KEY_MISSING.
 */
export async function readAnswers(dependencies: RescoreDependencies, content: SuiteStageContent, sha256: string): Promise<Answer[]> {
  const answers = new Map<string, Answer>();
  let count = 0;
  for await (const answer of answersOf(dependencies, content.stage, sha256)) {
    answers.set(answer.id, answer);
    count += 1;
  }
  const asked = content.scenarios.flatMap((scenario) => scenario.questions.map((question) => question.id));
  const fitting = asked.filter((id) => answers.has(id)).length;
  if (fitting !== asked.length || answers.size !== asked.length || count !== asked.length) throw misfit(content.stage, sha256, count, asked.length);
  return [...answers.values()];
}

export interface ShelvedAnswers {
  answers: AnswerShelf;
  /** Lines that were read, an answer that stands there twice counted twice. */
  count: number;
}

/** The same set aside in a spool, for who then compares with the questions, one by one. Failures: as above. */
export async function shelveAnswers(dependencies: RescoreDependencies, stage: SuiteStage, sha256: string, spool: Spool): Promise<ShelvedAnswers> {
  const answers = createAnswerShelf(spool);
  let count = 0;
  for await (const answer of answersOf(dependencies, stage, sha256)) {
    answers.add(answer);
    count += 1;
  }
  return { answers, count };
}

export function misfit(stage: SuiteStage, sha256: string, answers: number, questions: number): Error {
  return failure('STORE_CORRUPT', `the answers ${sha256} do not fit the suite: there are ${answers}, and the ${stage} stage has ${questions} questions`);
}

/** A line that is no answer is named when all are read, so that a changed object is called that. */
async function* answersOf({ store, settings }: RescoreDependencies, stage: SuiteStage, sha256: string): AsyncGenerator<Answer> {
  const sealing = await openSealing(settings, stage);
  let number = 0;
  let wrong: number | undefined;
  for await (const line of splitLines(sealing.openPortions(await getBlobStream(store, sha256)))) {
    number += 1;
    const answer = line.length === 0 || wrong !== undefined ? undefined : parsed(line);
    if (answer) yield answer;
    else if (line.length > 0) wrong ??= number;
  }
  if (wrong !== undefined) throw failure('STORE_CORRUPT', `line ${wrong} of the answers ${sha256} is no answer`);
}

/** Without the parser's message: it quotes the line, which may be of the closed stage. */
function parsed(line: Buffer): Answer | undefined {
  try {
    return Answer.safeParse(JSON.parse(line.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
