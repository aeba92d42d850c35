import { Duplex } from 'node:stream';
import type Docker from 'dockerode';
import { listenFor, openRelay, type Relay, type RelayPlan } from '../io/docker/relay.ts';

/** The way to a server that has no network: a port of this machine's loopback. */
export interface Way {
  port: number;
  /** Breaks what is connected. */
  close(): Promise<void>;
}

/**
 * Opens the way to a server. Where the relay ends (somebody killed it), connections break and the next one has a new relay.
 * Failures: RELAY_UNAVAILABLE, ENGINE_UNREACHABLE.
 */
export async function openWay(docker: Docker, plan: RelayPlan): Promise<Way> {
  let relay: Relay | undefined = await openRelay(docker, plan);
  let isClosed = false;
  let reopening: Promise<void> | undefined;
  const watch = (opened: Relay): void => {
    relay = opened;
    void opened.ended.then(() => (relay = undefined));
  };
  const reopen = async (): Promise<void> => {
    // A relay that cannot be opened again shows as connections that fail, which whoever asks the server counts.
    const opened = await openRelay(docker, plan).catch(() => undefined);
    if (isClosed) await opened?.close();
    else if (opened) watch(opened);
    reopening = undefined;
  };
  watch(relay);
  let closing: Promise<void> | undefined;
  const listening = await listenFor(() => {
    if (relay) return relay.connect();
    reopening ??= reopen();
    return broken();
  });
  const close = async (): Promise<void> => {
    isClosed = true;
    listening.close();
    await relay?.close();
    await reopening;
  };
  return { port: listening.port, close: () => (closing ??= close()) };
}

function broken(): Duplex {
  return new Duplex().destroy(new Error('the relay has ended'));
}
