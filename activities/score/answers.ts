import { Answer, type Question, type SuiteStage } from '../../domain/index.ts';
import { openSealing } from '../evaluate/sealing.ts';
import { type AnswersById, createAnswerShelf } from '../evaluate/shelf.ts';
import { failure } from '../failure.ts';
import { readSuiteStage, type SuiteDependencies } from '../intake/suite.ts';
import { getBlobStream } from '../io/blobs.ts';
import type { Spool } from '../io/spool.ts';
import { splitLines } from '../io/split-lines.ts';

export interface StoredStage {
  /** SHA-256 of the stored suite. */
  suite: string;
  stage: SuiteStage;
  /** SHA-256 of the stored answers; undefined where the stage came to none, so that all of it counts as unanswered. */
  answers: string | undefined;
}

/** Called for each question, in the suite's order. */
export type TakeAnswered = (scenario: string, question: Question, answer: Answer | undefined) => void;

/**
 * Each question of a stage with its stored answer, of which one at a time is in memory; gives the answers, set aside in `spool`.
 * Failures: STORE_CORRUPT where the answers are missing or changed, or are not one for each question; SUITE_KEY_MISSING.
 */
export async function visitAnswered(dependencies: SuiteDependencies, { suite, stage, answers: sha256 }: StoredStage, spool: Spool, take: TakeAnswered): Promise<AnswersById | undefined> {
  const asked = await readSuiteStage(dependencies, suite, stage);
  const given = sha256 === undefined ? undefined : await shelveAnswers(dependencies, stage, sha256, spool);
  let [questions, fitting] = [0, 0];
  for await (const { scenario, question } of asked) {
    const answer = given?.answers.get(question.id);
    take(scenario, question, answer);
    questions += 1;
    if (answer) fitting += 1;
  }
  if (given && (fitting !== questions || given.count !== questions)) {
    throw failure('STORE_CORRUPT', `the answers ${sha256} do not fit the suite: there are ${given.count}, and the ${stage} stage has ${questions} questions`);
  }
  return given?.answers;
}

interface ShelvedAnswers {
  answers: AnswersById;
  /** Lines that were read, an answer that stands there twice counted twice. */
  count: number;
}

async function shelveAnswers(dependencies: SuiteDependencies, stage: SuiteStage, sha256: string, spool: Spool): Promise<ShelvedAnswers> {
  const answers = createAnswerShelf(spool);
  let count = 0;
  for await (const answer of answersOf(dependencies, stage, sha256)) {
    answers.add(answer);
    count += 1;
  }
  return { answers, count };
}

/** A line that is no answer is named when all are read, so that a changed object is called that. */
async function* answersOf({ store, settings }: SuiteDependencies, stage: SuiteStage, sha256: string): AsyncGenerator<Answer> {
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
