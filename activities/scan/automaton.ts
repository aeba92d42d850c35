/** One keyword in one spelling. */
export interface Needle<Target> {
  text: string;
  target: Target;
}

/** `start` is the needle's first byte; `wide` says that it stood in UTF-16, in either byte order. */
export type Hit<Target> = (target: Target, start: number, wide: boolean) => void;

export interface Automaton<Target> {
  /** Calls `hit` for every needle in bytes[from, to), in the order in which they end. */
  search(bytes: Uint8Array, from: number, to: number, hit: Hit<Target>): void;
}

interface Goal<Target> {
  target: Target;
  length: number;
  wide: boolean;
}

interface State<Target> {
  next: Map<number, State<Target>>;
  goals: Goal<Target>[];
  fail: State<Target> | undefined;
  number: number;
}

/**
 * Aho and Corasick's automaton as one dense table (doi.org/10.1145/360825.360855): one look-up per byte whatever the bytes
 * are and however many needles there are, which is what makes a scan linear. Accepting states have the highest numbers, so
 * that the loop tells them by one comparison. Every needle is also known in its UTF-16 form, a NUL between its characters.
 */
export function createAutomaton<Target>(needles: readonly Needle<Target>[]): Automaton<Target> {
  const root = newState<Target>();
  for (const { text, target } of needles) {
    add(root, text, { target, length: text.length, wide: false });
    add(root, [...text].join('\0'), { target, length: text.length * 2 - 1, wide: true });
  }
  const states = linked(root);
  const firstAccepting = numbered(states) * 256;
  const next = tableOf(states);
  const goals: Goal<Target>[][] = [];
  for (const state of states) goals[state.number] = state.goals;
  return {
    search(bytes, from, to, hit) {
      let state = 0;
      for (let position = from; position < to; position += 1) {
        // Both indices are in range; `as number` costs nothing, where a default would cost a branch a byte.
        state = next[state + (bytes[position] as number)] as number;
        if (state < firstAccepting) continue;
        for (const goal of goals[state >> 8] ?? []) hit(goal.target, position + 1 - goal.length, goal.wide);
      }
    },
  };
}

function newState<Target>(): State<Target> {
  return { next: new Map(), goals: [], fail: undefined, number: 0 };
}

function add<Target>(root: State<Target>, text: string, goal: Goal<Target>): void {
  let state = root;
  for (let position = 0; position < text.length; position += 1) {
    const byte = text.charCodeAt(position);
    const known = state.next.get(byte) ?? newState();
    state.next.set(byte, known);
    state = known;
  }
  state.goals.push(goal);
}

/** All states, breadth first, with the longest suffix of each that is a state too, whose goals it takes over. */
function linked<Target>(root: State<Target>): State<Target>[] {
  const order = [root];
  for (const state of order) {
    for (const [byte, target] of state.next) {
      order.push(target);
      let fail = state.fail;
      while (fail && !fail.next.has(byte)) fail = fail.fail;
      target.fail = fail?.next.get(byte) ?? root;
      target.goals.push(...target.fail.goals);
    }
  }
  return order;
}

/** Numbers the silent states first and returns how many they are; the root gets 0. */
function numbered<Target>(states: State<Target>[]): number {
  const silent = states.filter((state) => state.goals.length === 0);
  const accepting = states.filter((state) => state.goals.length > 0);
  for (const [index, state] of [...silent, ...accepting].entries()) state.number = index;
  return silent.length;
}

/** Row by row, breadth first: a state goes where its suffix goes, except for its own children. */
function tableOf<Target>(states: State<Target>[]): Int32Array {
  const table = new Int32Array(states.length * 256);
  for (const { number, fail, next } of states) {
    if (fail) table.copyWithin(number * 256, fail.number * 256, fail.number * 256 + 256);
    for (const [byte, target] of next) table[number * 256 + byte] = target.number * 256;
  }
  return table;
}
