type Abort = () => void;

const waiting = new WeakMap<AbortSignal, (Abort | undefined)[]>();

/**
 * Calls `abort` when the signal fires, until the function that is returned takes it back; for a signal under which a hundred thousand
 * exchanges come and go. A listener that was removed still points at the one after it, so that of as many garbage each would keep the
 * next in memory, with its request and its reply.
 */
export function onAbort(signal: AbortSignal, abort: Abort): () => void {
  const slots = waiting.get(signal) ?? listen(signal);
  const free = slots.indexOf(undefined);
  const slot = free < 0 ? slots.length : free;
  slots[slot] = abort;
  return () => {
    // Taken back twice it must leave alone who has the slot by then.
    if (slots[slot] === abort) slots[slot] = undefined;
  };
}

function listen(signal: AbortSignal): (Abort | undefined)[] {
  const slots: (Abort | undefined)[] = [];
  waiting.set(signal, slots);
  signal.addEventListener('abort', () => {
    for (const abort of slots) abort?.();
  });
  return slots;
}
