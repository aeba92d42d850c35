import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { isNotFound, onEngine } from './errors.ts';

/** What happened to a container, as far as the engine still knows. */
export interface ContainerEvent {
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
  const options = { since: seconds(sinceMs), until: seconds(untilMs), filters: JSON.stringify({ container: [container] }) };
  // The types want numbers, which have no fraction in the engine's reading.
  const answer = await onEngine('asking for past events', async () => text((await docker.getEvents(options as object)) as Readable));
  return answer.split('\n').flatMap((line) => (line === '' ? [] : [eventOf(line)]));
}

/**
 * When the engine itself started (Unix time in ms), as its default network tells, which it makes anew. With live-restore and
 * containers running it keeps the network; then nothing ended by the restart either. Undefined where it has no default network.
 */
export async function engineStartedMs(docker: Docker): Promise<number | undefined> {
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
  const { Action, timeNano, Actor } = JSON.parse(line) as { Action: string; timeNano: number; Actor: { Attributes: Record<string, string> } };
  return { action: Action, atMs: timeNano / 1e6, signal: Actor.Attributes['signal'] };
}

function seconds(unixMs: number): string {
  return (unixMs / 1_000).toFixed(3);
}
