/** Runs `work` for every item, at most `limit` at a time. Stops starting new ones at the first error, which it throws. */
export async function forEachConcurrently<Item>(items: Iterable<Item>, limit: number, work: (item: Item) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let failed = false;
  const lane = async (): Promise<void> => {
    for (let next = iterator.next(); !next.done && !failed; next = iterator.next()) {
      try {
        await work(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: limit }, lane));
  const broken = lanes.find((each) => each.status === 'rejected');
  if (broken) throw broken.reason;
}

export interface Lanes {
  /** Waits until fewer than the limit are under way, then starts `work`; throws what an earlier one threw. */
  start(work: () => Promise<void>): Promise<void>;
  /** Waits for all; throws the first error. */
  settle(): Promise<void>;
  /** Waits for all and throws nothing, for when another error is already on its way. */
  idle(): Promise<void>;
}

/** For work that is found one by one, as entries in an archive are. */
export function createLanes(limit: number): Lanes {
  const underWay = new Set<Promise<void>>();
  let problem: { error: unknown } | undefined;
  const throwIfFailed = (): void => {
    if (problem) throw problem.error;
  };
  return {
    async start(work) {
      while (underWay.size >= limit) await Promise.race(underWay);
      throwIfFailed();
      const running: Promise<void> = work()
        .catch((error: unknown) => void (problem ??= { error }))
        .finally(() => underWay.delete(running));
      underWay.add(running);
    },
    async settle() {
      await Promise.all(underWay);
      throwIfFailed();
    },
    async idle() {
      await Promise.all(underWay);
    },
  };
}
