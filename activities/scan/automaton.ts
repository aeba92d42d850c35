/** One keyword in one spelling; `wide` is its UTF-16 form (a NUL between the characters), in either byte order. */
export interface Needle<Target> {
  text: string;
  target: Target;
}

export interface Automaton<Target> {
  /** Calls `hit` for every needle in bytes[from, to), at the needle's first byte, in the order in which they end. */
  search(bytes: Uint8Array, from: number, to: number, hit: (target: Target, start: number, wide: boolean) => void): void;
}

interface Goal<Target> {
  target: Target;
  length: number;
  wide: boolean;
}

/**
 * Aho and Corasick's automaton as one dense table (doi.org/10.1145/360825.360855): one look-up per byte whatever the bytes
 * are and however many needles there are, which is what makes a scan linear. Accepting states have the highest numbers, so
 * that the loop tells them by one comparison.
 */
export function createAutomaton<Target>(needles: readonly Needle<Target>[]): Automaton<Target> {
  const states: { next: Map<number, number>; goals: Goal<Target>[]; fail: number }[] = [{ next: new Map(), goals: [], fail: 0 }];
  for (const { text, target } of needles) {
    add(text, { target, length: text.length, wide: false });
    add([...text].join('\0'), { target, length: text.length * 2 - 1, wide: true });
  }
  const order = linkFailures(states);
  const numbers = numberStates(states, order);
  const firstAccepting = states.filter((state) => state.goals.length === 0).length * 256;
  const next = new Int32Array(states.length * 256);
  const goals: Goal<Target>[][] = [];
  for (const index of order) fill(index);
  return { search };

  function search(bytes: Uint8Array, from: number, to: number, hit: (target: Target, start: number, wide: boolean) => void): void {
    let state = 0;
    for (let position = from; position < to; position += 1) {
      state = next[state + bytes[position]!]!;
      if (state < firstAccepting) continue;
      for (const goal of goals[state >> 8]!) hit(goal.target, position + 1 - goal.length, goal.wide);
    }
  }

  function add(text: string, goal: Goal<Target>): void {
    let index = 0;
    for (let position = 0; position < text.length; position += 1) {
      const byte = text.charCodeAt(position);
      const state = states[index]!;
      const known = state.next.get(byte);
      if (known === undefined) {
        states.push({ next: new Map(), goals: [], fail: 0 });
        state.next.set(byte, states.length - 1);
      }
      index = known ?? states.length - 1;
    }
    states[index]!.goals.push(goal);
  }

  function fill(index: number): void {
    const state = states[index]!;
    const row = numbers[index]! * 256;
    goals[numbers[index]!] = state.goals;
    const inherited = numbers[state.fail]! * 256;
    if (index !== 0) next.copyWithin(row, inherited, inherited + 256);
    for (const [byte, target] of state.next) next[row + byte] = numbers[target]! * 256;
  }
}

interface Link {
  next: Map<number, number>;
  goals: unknown[];
  fail: number;
}

/** Breadth first, so that a state's failure link is complete when it is read. Returns that order. */
function linkFailures(states: Link[]): number[] {
  const order = [0];
  for (const index of order) {
    const state = states[index]!;
    for (const [byte, target] of state.next) {
      order.push(target);
      if (index === 0) continue;
      let fail = state.fail;
      while (fail !== 0 && !states[fail]!.next.has(byte)) fail = states[fail]!.fail;
      const link = states[fail]!.next.get(byte) ?? 0;
      states[target]!.fail = link;
      states[target]!.goals.push(...states[link]!.goals);
    }
  }
  return order;
}

function numberStates(states: Link[], order: number[]): number[] {
  const numbers: number[] = [];
  let silent = 0;
  let accepting = states.filter((state) => state.goals.length === 0).length;
  for (const index of order) numbers[index] = states[index]!.goals.length === 0 ? silent++ : accepting++;
  return numbers;
}
