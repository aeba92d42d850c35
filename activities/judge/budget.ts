import type { Judge, Judgement } from '../../domain/analysis/index.ts';

export interface TokenUsage {
  inputTokens: number;
  outputTokens: number;
}

/** What a judgement has cost, and whether a request may still be made. */
export interface Budget {
  /** Sets aside the most that a request can cost; undefined where that would exceed the cap. */
  reserve(price: Judge['price'], most: TokenUsage): Reservation | undefined;
  cost(): Pick<Judgement['cost'], 'spent' | 'cap' | 'inputTokens' | 'outputTokens'>;
}

export interface Reservation {
  /** Replaces what was set aside by what was used; by all of it where the server does not say. */
  settle(used: TokenUsage | undefined): void;
  /** Nothing was used. */
  release(): void;
}

/** A budget that is never exceeded: requests in flight count with the most that they can cost. */
export function createBudget(cap: number | undefined): Budget {
  let [spent, reserved, inputTokens, outputTokens] = [0, 0, 0, 0];
  return {
    reserve(price, most) {
      const amount = costOf(price, most);
      if (cap !== undefined && spent + reserved + amount > cap) return undefined;
      reserved += amount;
      return {
        settle(used = most) {
          reserved -= amount;
          spent += costOf(price, used);
          inputTokens += used.inputTokens;
          outputTokens += used.outputTokens;
        },
        release: () => void (reserved -= amount),
      };
    },
    cost: () => ({ spent, cap: cap ?? null, inputTokens, outputTokens }),
  };
}

function costOf(price: Judge['price'], { inputTokens, outputTokens }: TokenUsage): number {
  return price ? (inputTokens * price.inputPerMillion + outputTokens * price.outputPerMillion) / 1e6 : 0;
}
