import type { z } from 'zod';
import { budgetKey, budgetPrefix, deadlineMs, LifeEnd, LifeStart, mediaTypes, Pause, usedMs, type EndReason } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import type { ContainerState } from '../io/docker/containers.ts';
import type { ObjectStore } from '../io/store.ts';

/**
 * The account of a training's time, kept in the store as facts that are written once: starts, pauses and ends of its container.
 * No engine, worker or attempt can move it; a restarted container has a new start, and the account knows the first.
 */
export interface Budget {
  /** The newest life; undefined before the first start. */
  life(): LifeStart | undefined;
  /** Start of the first life, ISO 8601. */
  firstStart(): string | undefined;
  /** Enters the container's present start, unless it is known; what ran before counts as used. */
  enter(state: Start, hostKills: number | null): Promise<LifeStart>;
  /** Gives back a span in which the newest life stood still (Unix time in ms). */
  pause(fromMs: number, toMs: number): Promise<void>;
  /** Decides why the newest life ends; the first decision stays, and is returned. */
  end(reason: EndReason, endedAtMs: number, message: string): Promise<LifeEnd>;
  /** Why the newest life ended; undefined where nothing was decided. */
  ended(): LifeEnd | undefined;
  /** Of the newest life, Unix time in ms. */
  deadlineMs(): number;
  usedMs(atMs: number): number;
  /** What is left for the next life of a container. */
  leftMs(container: string): Promise<number>;
  /** How many lives there were; more than one after a platform's fault. */
  lives(): number;
}

export interface BudgetOptions {
  run: string;
  host: string;
  budgetMs: number;
  /** Budget that was used when the checkpoint was taken from which a training goes on whose machine is lost. */
  usedAtCheckpointMs(): Promise<number>;
}

/** Failures: STORE_UNREACHABLE, STORE_CORRUPT, also from every later call. */
export async function openBudget(store: ObjectStore, options: BudgetOptions): Promise<Budget> {
  const { run, host, budgetMs } = options;
  const facts = await readFacts(store, run);
  const current = (): LifeStart | undefined => facts.starts.at(-1);
  const known = (): LifeStart => {
    const life = current();
    if (!life) throw failure('PLATFORM_ERROR', 'the budget of a training was asked before its start');
    return life;
  };
  const endOf = (life: LifeStart | undefined): LifeEnd | undefined => facts.ends.find(({ startedAt }) => startedAt === life?.startedAt);

  const usedByEarlier = async (state: Start): Promise<number> => {
    const previous = current();
    if (!previous) return 0;
    const ended = endOf(previous);
    if (ended) return usedMs(previous, facts.pauses, Date.parse(ended.endedAt));
    if (previous.container !== state.id) return options.usedAtCheckpointMs();
    return usedMs(previous, facts.pauses, endBefore(previous, state));
  };

  return {
    life: current,
    firstStart: () => facts.starts[0]?.startedAt,
    async enter(state, hostKills) {
      const startedAt = state.startedAt ?? '';
      const present = facts.starts.find((life) => life.startedAt === startedAt);
      if (present) return present;
      const life: LifeStart = { schema: 'reprise.life-start/v1', container: state.id, host, startedAt, usedBeforeMs: await usedByEarlier(state), hostKills };
      facts.starts.push(await putFact(store, budgetKey(run, startedAt, 'start'), LifeStart, life));
      return known();
    },
    async pause(fromMs, toMs) {
      const from = new Date(fromMs).toISOString();
      const pause: Pause = { schema: 'reprise.pause/v1', startedAt: known().startedAt, from, to: new Date(toMs).toISOString() };
      if (facts.pauses.some((each) => each.from === from)) return;
      facts.pauses.push(await putFact(store, budgetKey(run, from, 'pause'), Pause, pause));
    },
    async end(reason, endedAtMs, message) {
      const { startedAt } = known();
      const ended = endOf(known());
      if (ended) return ended;
      const wanted: LifeEnd = { schema: 'reprise.life-end/v1', startedAt, endedAt: new Date(endedAtMs).toISOString(), reason, message };
      const made = await putFact(store, budgetKey(run, startedAt, 'end'), LifeEnd, wanted);
      facts.ends.push(made);
      return made;
    },
    ended: () => endOf(current()),
    deadlineMs: () => deadlineMs(known(), facts.pauses, budgetMs),
    usedMs: (atMs) => usedMs(known(), facts.pauses, atMs),
    async leftMs(container) {
      const nextMs = Date.now();
      const used = await usedByEarlier({ id: container, startedAt: new Date(nextMs).toISOString(), finishedAt: undefined });
      return Math.max(budgetMs - used, 0);
    },
    lives: () => facts.starts.length,
  };
}

type Start = Pick<ContainerState, 'id' | 'startedAt' | 'finishedAt'>;

interface Facts {
  starts: LifeStart[];
  ends: LifeEnd[];
  pauses: Pause[];
}

/** While it runs again, the engine still tells when it ended before; where it does not, all the time counts. */
function endBefore(previous: LifeStart, { startedAt, finishedAt }: Start): number {
  const finishedMs = Date.parse(finishedAt ?? '');
  const startedMs = Date.parse(startedAt ?? '');
  return finishedMs > Date.parse(previous.startedAt) && finishedMs < startedMs ? finishedMs : startedMs;
}

async function readFacts(store: ObjectStore, run: string): Promise<Facts> {
  const facts: Facts = { starts: [], ends: [], pauses: [] };
  for await (const { key } of store.list(budgetPrefix(run))) {
    if (key.endsWith('.start.json')) facts.starts.push(await readFact(store, key, LifeStart));
    else if (key.endsWith('.end.json')) facts.ends.push(await readFact(store, key, LifeEnd));
    else if (key.endsWith('.pause.json')) facts.pauses.push(await readFact(store, key, Pause));
  }
  facts.starts.sort((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt));
  return facts;
}

/** Writes a fact unless it is there; what is there counts. */
async function putFact<Fact>(store: ObjectStore, key: string, schema: z.ZodType<Fact>, fact: Fact): Promise<Fact> {
  const outcome = await store.putIfAbsent(key, Buffer.from(JSON.stringify(fact)), mediaTypes.json);
  return outcome === 'created' ? fact : readFact(store, key, schema);
}

async function readFact<Fact>(store: ObjectStore, key: string, schema: z.ZodType<Fact>): Promise<Fact> {
  const bytes = await store.get(key);
  const parsed = schema.safeParse(bytes && JSON.parse(Buffer.from(bytes).toString('utf8')));
  if (!parsed.success) throw failure('STORE_CORRUPT', `the object ${key} is not what its name says`);
  return parsed.data;
}
