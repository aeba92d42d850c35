import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { seededRandom } from '../../domain/random.ts';
import { readConfig, type Config } from '../../infra/config.ts';
import { up } from '../../infra/stack.ts';
import type { Options } from './options.ts';
import type { FaultKind } from './plan.ts';
import { startStoreProxy, type StoreProxy } from './store-proxy.ts';
import { lineOf, type Event } from './summary.ts';
import { startUpstream } from './upstream.ts';

/** The stack as a user has it after `reprise up`, alone on its machine. */
export interface World {
  scratch: string;
  config: Config;
  /** Variables that make the command line work on it. */
  environment: NodeJS.ProcessEnv;
  docker: Docker;
  store: StoreProxy;
  /** The directory in which the object store keeps its objects as files. */
  objects: string;
  events: Event[];
  /** When what was struck, Unix time in ms. */
  strikes: { kind: FaultKind; atMs: number }[];
  say(what: string): void;
}

const storeProxyPort = 7_071;
const upstreamPort = 7_080;

export async function openWorld(scratch: string, { seed, verbose }: Pick<Options, 'seed' | 'verbose'>): Promise<World> {
  const environment = {
    ...process.env,
    REPRISE_HOME: join(scratch, 'home', 'reprise'),
    REPRISE_CACHE: join(scratch, 'cache'),
    REPRISE_HOST: 'chaos',
    REPRISE_S3_ENDPOINT: `http://127.0.0.1:${storeProxyPort}`,
    REPRISE_HTTP_PROXY: `http://127.0.0.1:${upstreamPort}`,
  };
  const config = readConfig(environment);
  await startUpstream(upstreamPort);
  const store = await startStoreProxy(storeProxyPort, config.s3Port, seededRandom(`store ${seed}`));
  const events: Event[] = [];
  const world: World = {
    scratch,
    config,
    environment,
    docker: new Docker({ socketPath: config.dockerSocket, timeout: 10_000 }),
    store,
    objects: join(config.home, 's3', config.s3Bucket),
    events,
    strikes: [],
    say(what) {
      const atMs = Math.round(performance.now());
      events.push({ atMs, what });
      if (verbose) console.error(lineOf({ atMs, what }));
    },
  };
  await bringUp(world);
  return world;
}

/** As `reprise up` does it. */
async function bringUp({ config, environment, say }: World): Promise<void> {
  Object.assign(process.env, environment);
  await up(config, (event) => {
    if (event.type === 'failed') console.error(`${event.step}: ${event.problem}\n  ${event.nextStep}`);
    if (event.type === 'finished') say(`${event.step}: up after ${event.elapsedMs} ms`);
  });
}

/** A submission like all others, but for bytes that let nothing be taken from the cache. */
export function writeSubmission(world: World, name: string): string {
  const directory = join(world.scratch, 'submissions', name);
  cpSync(join(import.meta.dirname, 'submission'), directory, { recursive: true });
  writeFileSync(join(directory, 'nonce'), name);
  writeFileSync(join(directory, 'reprise.yaml'), readFileSync(join(directory, 'reprise.yaml'), 'utf8').replace('counting', name));
  const serve = join(directory, 'serve.pl');
  writeFileSync(serve, `${readFileSync(serve, 'utf8')}# ${name}\n`);
  return directory;
}

export const questionsPerStage = 100;

export function writeSuite(world: World): string {
  const suite = join(world.scratch, 'suite');
  for (const [index, stage] of ['open', 'closed'].entries()) {
    mkdirSync(join(suite, stage), { recursive: true });
    const numbers = Array.from({ length: questionsPerStage }, (_, number) => number + index * questionsPerStage);
    const lines = numbers.map((number) => JSON.stringify({ id: `${stage}-${number}`, prompt: `question ${number}`, references: [String(number)], generation: { maxNewTokens: 4 }, metrics: ['exact_match'] }));
    writeFileSync(join(suite, stage, 'counting.jsonl'), `${lines.join('\n')}\n`);
  }
  return suite;
}

/** Processes of the world by their command line; none of another world is seen. */
export function processesOf(pattern: RegExp): number[] {
  return readdirSync('/proc').map(Number).filter((pid) => pid > 1 && pid !== process.pid && isLike(pid, pattern));
}

function isLike(pid: number, pattern: RegExp): boolean {
  try {
    return pattern.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')) && !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false; // It has ended meanwhile.
  }
}

/** A signal to a process that may have ended meanwhile. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
