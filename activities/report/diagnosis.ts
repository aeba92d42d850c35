import { type Answer, type AnswerCounts, scoreItems, type StageScore, type SuiteStage, type SuiteStageContent } from '../../domain/index.ts';
import { tokensPerSecondOf } from '../evaluate/speed.ts';
import { countDeviations, countEmpty, countReasons, type LatencyBucket, latencyBuckets } from './taxonomy.ts';

/** Who a diagnosis is shown to. */
export type Audience = 'submitter' | 'organiser';

export interface Diagnosis {
  schema: 'reprise.diagnosis/v1';
  run: string;
  audience: Audience;
  stages: StageDiagnosis[];
}

export interface StageDiagnosis {
  stage: SuiteStage;
  score: number;
  counts: AnswerCounts;
  /** By the fixed words of the taxonomy; null, as what follows, where the stored answers cannot be read. */
  failures: Record<string, number> | null;
  deviations: Record<string, number> | null;
  /** Answers without a text. */
  empty: number | null;
  latency: LatencyBucket[] | null;
  /** Of one request, by the server's own count of tokens; null also where the stage is the closed one and the audience its submitter. */
  tokensPerSecond: number | null;
  /** Question by question; for submitters of the open stage only, whose questions are public. */
  items?: ItemDiagnosis[];
}

export interface ItemDiagnosis {
  id: string;
  scenario: string;
  status: Answer['status'];
  metrics: Record<string, number | null>;
  reason?: string;
  latencyMs?: number;
  attempts?: number;
  deviations?: string[] | undefined;
  prompt?: string;
  references?: string[];
  text?: string;
}

/** What is known of one stage; `content` and `answers` are absent where the key of a closed stage is. */
export interface DiagnosedStage {
  score: StageScore;
  content?: SuiteStageContent;
  answers?: readonly Answer[];
}

/**
 * Latency of a closed stage is told in steps of a tenth: a server could otherwise say something about a question by when it
 * answers. What is left is what counts of a taxonomy can carry: below 16 bytes a run for 5,000 questions.
 */
const closedLatencyStep = 0.1;
const openLatencyStep = 0.001;

/**
 * What went wrong in a run. The submitter sees of the closed stage counts in fixed words and coarse latency, never a text, an id,
 * a scenario or a single result; of the open stage each question. The organiser sees everything.
 */
export function diagnosisFor(audience: Audience, run: string, stages: readonly DiagnosedStage[]): Diagnosis {
  return { schema: 'reprise.diagnosis/v1', run, audience, stages: stages.map((stage) => stageDiagnosis(audience, stage)) };
}

function stageDiagnosis(audience: Audience, { score: { stage, score, counts }, content, answers }: DiagnosedStage): StageDiagnosis {
  const mayBeSeen = audience === 'organiser' || stage === 'open';
  return {
    stage,
    score,
    counts,
    failures: answers ? countReasons(answers) : null,
    deviations: answers ? countDeviations(answers) : null,
    empty: answers ? countEmpty(answers) : null,
    latency: answers ? latencyBuckets(answers, mayBeSeen ? openLatencyStep : closedLatencyStep) : null,
    tokensPerSecond: mayBeSeen && answers ? tokensPerSecondOf(answers) : null,
    ...(mayBeSeen && answers && content ? { items: itemsOf(content, answers) } : {}),
  };
}

function itemsOf(content: SuiteStageContent, answers: readonly Answer[]): ItemDiagnosis[] {
  const answerOf = new Map(answers.map((answer) => [answer.id, answer]));
  const questionOf = new Map(content.scenarios.flatMap(({ questions }) => questions.map((question) => [question.id, question])));
  return scoreItems(content, answers).map((item) => {
    const { status: _status, id: _id, ...details } = answerOf.get(item.id) ?? { status: 'unanswered', id: item.id };
    const question = questionOf.get(item.id);
    return { ...item, ...details, ...(question ? { prompt: question.prompt, references: question.references } : {}) };
  });
}
