/** One stream read twice at the same pace: `source` by who needs it, `copy` by who looks on. */
export interface Tap {
  source: AsyncGenerator<Buffer>;
  copy: AsyncIterable<Buffer>;
  /** Reads what the reader of `source` left, and ends `copy`. */
  finish(): Promise<void>;
  /** What the underlying stream threw; that is no fault of the format. */
  readonly failure: unknown;
}

/** Every chunk is handed to the copy before the source; the copy's reader is waited for, so that nothing piles up. */
export function createTap(chunks: AsyncGenerator<Buffer>): Tap {
  const waiting: { chunk: Buffer | undefined; taken: () => void }[] = [];
  let wake: (() => void) | undefined;
  let ended = false;
  let copied = true;
  let failure: unknown;
  return { source: source(), copy: copy(), finish, get failure() { return failure; } };

  function give(chunk: Buffer | undefined): Promise<void> {
    if (!copied) return Promise.resolve();
    return new Promise((taken) => {
      waiting.push({ chunk, taken });
      wake?.();
    });
  }

  async function next(): Promise<IteratorResult<Buffer>> {
    try {
      return await chunks.next();
    } catch (error) {
      failure = error;
      throw error;
    }
  }

  async function* source(): AsyncGenerator<Buffer> {
    for (let step = await next(); step.done !== true; step = await next()) {
      await give(step.value);
      yield step.value;
    }
  }

  async function* copy(): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        while (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
        const next = waiting.shift();
        next?.taken();
        if (next?.chunk === undefined) return;
        yield next.chunk;
      }
    } finally {
      copied = false;
      for (const { taken } of waiting) taken();
    }
  }

  async function finish(): Promise<void> {
    if (ended) return;
    ended = true;
    try {
      for (let step = await next(); step.done !== true; step = await next()) await give(step.value);
    } finally {
      await give(undefined);
    }
  }
}
