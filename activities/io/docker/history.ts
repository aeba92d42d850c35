import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { isNotFound, onEngine } from './errors.ts';

/** What happened to a container, as far as the engine still knows. */
export interface ContainerEvent {
  container: string;
  action: string;
  atMs: number;
  /** Of a `kill`: the signal's number. */
  signal: string | undefined;
}

/**
 * Events of one container between two instants (Unix time in ms). The engine keeps the last few hundred of all its events, and
 * none over its own restart: what is missing here may have happened all the same.
 */
export async function eventsOf(docker: Docker, container: string, sinceMs: number, untilMs: number): Promise<ContainerEvent[]> {
  return pastEvents(docker, { since: seconds(sinceMs), until: seconds(untilMs), filters: JSON.stringify({ container: [container] }) });
}

async function pastEvents(docker: Docker, options: { since: string; until: string; filters?: string }): Promise<ContainerEvent[]> {
  // The types want numbers, which have no fraction in the engine's reading.
  const answer = await onEngine('asking for past events', async () => text((await docker.getEvents(options as object)) as Readable));
  return answer.split('\n').flatMap((line) => (line === '' ? [] : [eventOf(line)]));
}

/** As many as the engine keeps (moby, daemon/events). */
const eventsKept = 256;

/**
 * When the engine itself started that tells of a container (Unix time in ms), or at the latest did; `engineEnds` as of endsContainers. Its default network tells, which
 * it makes anew; with live-restore and containers running it keeps that, and what it still knows of the past must tell: where that
 * is not full and lacks the container's start, the engine has started since. Undefined where nothing tells.
 */
export async function engineStartedMs(docker: Docker, { id, startedAtMs, engineEnds }: { id: string; startedAtMs: number; engineEnds: boolean }): Promise<number | undefined> {
  const networkMs = await defaultNetworkMs(docker);
  if (networkMs === undefined || networkMs > startedAtMs || engineEnds) return networkMs;
  const nowMs = Date.now();
  const known = await pastEvents(docker, { since: seconds(0), until: seconds(nowMs) });
  const hasSeenStart = known.some((event) => event.container === id && event.action === 'start' && event.atMs > startedAtMs - 1_000);
  return hasSeenStart || known.length >= eventsKept ? networkMs : (known[0]?.atMs ?? nowMs);
}

async function defaultNetworkMs(docker: Docker): Promise<number | undefined> {
  const bridge = await onEngine('inspecting the default network', () =>
    docker.getNetwork('bridge').inspect().catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    }),
  );
  return bridge ? Date.parse((bridge as { Created: string }).Created) : undefined;
}

/** Whether a restart of the engine ends its containers; without live-restore it does. Failures: ENGINE_UNREACHABLE. */
export async function endsContainers(docker: Docker): Promise<boolean> {
  const { LiveRestoreEnabled } = (await onEngine('asking the Docker engine', () => docker.info())) as { LiveRestoreEnabled?: boolean };
  return LiveRestoreEnabled !== true;
}

function eventOf(line: string): ContainerEvent {
  const { Action, timeNano, Actor } = JSON.parse(line) as { Action: string; timeNano: number; Actor: { ID: string; Attributes: Record<string, string> } };
  return { container: Actor.ID, action: Action, atMs: timeNano / 1e6, signal: Actor.Attributes['signal'] };
}

function seconds(unixMs: number): string {
  return (unixMs / 1_000).toFixed(3);
}
