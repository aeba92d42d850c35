import type { Answer } from '../../domain/index.ts';
import type { Place, Spool } from '../io/spool.ts';

/** Answers by question id: what each says is set aside in a spool, and only where it stands stays in memory. */
export interface AnswerShelf extends AnswersById {
  /** The first answer of an id stays. */
  add(answer: Answer): void;
}

export interface AnswersById {
  size: number;
  has(id: string): boolean;
  get(id: string): Answer | undefined;
  /** `unanswered` where there is none. */
  status(id: string): Answer['status'];
  /** In the order in which they came. */
  values(): Iterable<Answer>;
}

export function createAnswerShelf(spool: Spool): AnswerShelf {
  const places = new Map<string, Place>();
  const failed = new Set<string>();
  const read = (place: Place): Answer => JSON.parse(spool.readText(place)) as Answer;
  return {
    get size() {
      return places.size;
    },
    add(answer) {
      if (places.has(answer.id)) return;
      places.set(answer.id, spool.appendText(JSON.stringify(answer)));
      if (answer.status === 'failed') failed.add(answer.id);
    },
    has: (id) => places.has(id),
    get(id) {
      const place = places.get(id);
      return place === undefined ? undefined : read(place);
    },
    status(id) {
      if (!places.has(id)) return 'unanswered';
      return failed.has(id) ? 'failed' : 'answered';
    },
    *values() {
      for (const place of places.values()) yield read(place);
    },
  };
}
