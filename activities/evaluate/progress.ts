import type { Answer, AnswerCounts } from '../../domain/index.ts';
import type { StageContext } from '../stage.ts';
import type { AnswerJournal } from './journal.ts';
import type { QuestionPlan } from './plan.ts';

/** Often enough for people who watch, far below what Temporal takes. */
const reportEveryMs = 500;

/**
 * Reports "412/600 answered, 3 failed" as answers become durable, and nothing else: the same line is shown for the closed stage.
 */
export function createProgress(plan: QuestionPlan, journal: AnswerJournal, context: Pick<StageContext, 'report'>): (answer: Answer) => void {
  const weights = new Map(plan.inquiries.filter(({ alike }) => alike.length > 0).map(({ id, alike }) => [id, 1 + alike.length]));
  const counts: AnswerCounts = { answered: 0, failed: 0, unanswered: 0 };
  const take = ({ id, status }: Pick<Answer, 'id' | 'status'>): void => void (counts[status] += weights.get(id) ?? 1);
  const report = (): void => {
    const failed = counts.failed > 0 ? `, ${counts.failed} failed` : '';
    const message = `${counts.answered}/${plan.questions} answered${failed}`;
    context.report({ message, done: counts.answered + counts.failed, total: plan.questions });
  };
  for (const { id } of plan.inquiries) take({ id, status: journal.answered.status(id) });
  report();
  let reportedAtMs = -Infinity;
  return (answer) => {
    take(answer);
    const isLast = counts.answered + counts.failed === plan.questions;
    if (!isLast && performance.now() - reportedAtMs < reportEveryMs) return;
    reportedAtMs = performance.now();
    report();
  };
}
