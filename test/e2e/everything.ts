import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, storeOf } from '../../cli/connection.ts';
import { stackConfig } from '../stack.ts';
import { type Finished, reprise } from './command.ts';

/** Every object of the store, up to sizes that only layers of base images have. */
export async function* storedObjects(): AsyncIterable<[string, Uint8Array]> {
  const store = storeOf(await stackConfig());
  for await (const { key, sizeBytes } of store.list('')) if (sizeBytes < 50_000_000) yield [key, (await store.get(key)) ?? new Uint8Array()];
}

/** What the stack keeps on its disk: the Temporal database, the parts' logs, the store once more. */
export async function* filesOfStack(): AsyncIterable<[string, Uint8Array]> {
  const { home } = await stackConfig();
  for (const entry of readdirSync(home, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) yield [path, readFileSync(path)];
  }
}

/** Of the newest run of the workflow, or of the execution that is named. */
export async function* historyOf(workflowId: string, executionId?: string): AsyncIterable<[string, Uint8Array]> {
  const { temporal, close } = await connect(await stackConfig());
  try {
    const { events } = await temporal.workflow.getHandle(workflowId, executionId).fetchHistory();
    for (const event of events ?? []) {
      yield [`event ${String(event.eventId)}`, Buffer.from(JSON.stringify(event))];
      for (const payload of payloadsIn(event)) yield [`payload of event ${String(event.eventId)}`, payload];
    }
  } finally {
    await close();
  }
}

export function* payloadsIn(value: unknown): Iterable<Uint8Array> {
  if (value instanceof Uint8Array) yield value;
  else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) yield* payloadsIn(each);
}

/** What the run's own command printed, what others say of it, and what they export. */
export async function* printedOf(run: string, finished: Finished, exported: string): AsyncIterable<[string, Uint8Array]> {
  yield ['start', Buffer.from(finished.stdout + finished.stderr)];
  for (const args of [['status', run, '--json'], ['logs', run], ['list', '--json'], ['export', run, exported, '--private'], ['audit', exported, '--json']]) {
    const { stdout, stderr } = await reprise(args);
    yield [`reprise ${args[0]}`, Buffer.from(stdout + stderr)];
  }
  for (const entry of readdirSync(exported, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) yield [`exported ${entry.name}`, readFileSync(join(entry.parentPath, entry.name))];
  }
}
