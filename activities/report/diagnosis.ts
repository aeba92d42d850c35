import type { Answer, AnswerCounts, ItemScore, Question, ScoredStage, StageScore, SuiteStage } from '../../domain/index.ts';
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
  /** Answers without a text; as the deviations, to the submitter of the closed stage as the power of ten that their count reaches. */
  empty: number | null;
  latency: LatencyBucket[] | null;
  /** Of one request, by the server's own count of tokens; null also where the stage is the closed one and the audience its submitter. */
  tokensPerSecond: number | null;
  /** How certain the server says it is, by scenarios whose metrics ask for it; as the items, for submitters of the open stage only. */
  confidence?: ScoredStage['confidence'];
  /** Question by question; for submitters of the open stage only, whose questions are public. */
  items?: Iterable<ItemDiagnosis>;
}

export interface ItemDiagnosis extends ItemScore {
  reason?: string;
  latencyMs?: number;
  attempts?: number;
  deviations?: string[] | undefined;
  prompt?: string;
  references?: string[];
  text?: string;
}

/** What is known of one stage: its score, and what was seen of it unless the key of a closed stage is missing. */
export interface DiagnosedStage {
  score: StageScore;
  seen: SeenStage | undefined;
}

export interface SeenStage {
  answers: Iterable<Answer>;
  items: Iterable<ItemDiagnosis>;
  confidence: ScoredStage['confidence'];
}

/**
 * Latency of a closed stage is told in steps of a tenth, and how often its answers depart from the API in powers of ten: a server could
 * otherwise say something about a question by when and how it answers. What is left is what counts of a taxonomy can carry: below 20
 * bytes a run for 5,000 questions.
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

/** Whether single questions may be shown. */
export function mayBeSeen(audience: Audience, stage: SuiteStage): boolean {
  return audience === 'organiser' || stage === 'open';
}

function stageDiagnosis(audience: Audience, { score: { stage, score, counts }, seen }: DiagnosedStage): StageDiagnosis {
  const whole = mayBeSeen(audience, stage) ? seen : undefined;
  const told = whole ? Number : leastPower;
  return {
    stage,
    score,
    counts,
    failures: seen ? countReasons(seen.answers) : null,
    deviations: seen ? Object.fromEntries(Object.entries(countDeviations(seen.answers)).map(([word, count]) => [word, told(count)])) : null,
    empty: seen ? told(countEmpty(seen.answers)) : null,
    latency: seen ? latencyBuckets(seen.answers, whole ? openLatencyStep : closedLatencyStep) : null,
    tokensPerSecond: whole ? tokensPerSecondOf(whole.answers) : null,
    ...(whole && whole.confidence.length > 0 ? { confidence: whole.confidence } : {}),
    ...(whole ? { items: whole.items } : {}),
  };
}

/** The power of ten that a count reaches: 4,711 is told as 1,000. */
function leastPower(count: number): number {
  return count === 0 ? 0 : 10 ** (String(count).length - 1);
}

/** One question with what became of it. */
export function itemOf(item: ItemScore, { prompt, references }: Question, answer: Answer | undefined): ItemDiagnosis {
  const { status: _status, id: _id, ...details } = answer ?? { status: 'unanswered', id: item.id };
  return { ...item, ...details, prompt, references };
}
