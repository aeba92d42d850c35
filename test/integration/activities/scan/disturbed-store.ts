import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface DisturbedStore {
  endpoint: string;
  /** From the next request for this object on nothing is answered; resolves when it has come. */
  holdAt(key: string): Promise<void>;
  /** From the next request for this object on everything is answered with 500; resolves when it has come. */
  refuseFrom(key: string): Promise<void>;
  mend(): void;
  close(): void;
}

/** Stands between a scan and an S3 server, and fails in the middle of the scan: at the object that it asks for. */
export async function disturbStore(endpoint: string): Promise<DisturbedStore> {
  const { hostname, port } = new URL(endpoint);
  let disturbance: { key: string; how: 'hold' | 'refuse'; begun: boolean; begin(): void } | undefined;
  const pass = (request: IncomingMessage, response: ServerResponse): void => {
    if (disturbance && !disturbance.begun && request.url?.includes(disturbance.key)) disturbance.begin();
    if (disturbance?.begun === true) return disturbance.how === 'refuse' ? refuse(request, response) : undefined;
    const outgoing = send({ hostname, port, method: request.method, path: request.url, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    request.pipe(outgoing);
  };
  const server = createServer(pass);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const disturb = (how: 'hold' | 'refuse', key: string): Promise<void> =>
    new Promise((resolve) => {
      disturbance = { key, how, begun: false, begin: () => (Object.assign(disturbance ?? {}, { begun: true }), resolve()) };
    });
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    holdAt: (key) => disturb('hold', key),
    refuseFrom: (key) => disturb('refuse', key),
    mend: () => (disturbance = undefined),
    close: () => void (server.closeAllConnections(), server.close()),
  };
}

function refuse(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  response.writeHead(500, { 'content-type': 'application/xml' });
  response.end('<Error><Code>InternalError</Code><Message>disturbed</Message></Error>');
}
