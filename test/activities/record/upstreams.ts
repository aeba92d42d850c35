import { createServer as createPlain, type RequestListener, type Server } from 'node:http';
import { createServer as createTls } from 'node:https';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';

export interface TestUpstream {
  origin: string;
  hostPort: string;
  /** Paths of the requests that came. */
  asked: string[];
  close(): Promise<void>;
}

export async function plainUpstream(listener: RequestListener, address = '127.0.0.1'): Promise<TestUpstream> {
  return started((counted) => createPlain(counted), 'http', listener, address);
}

/** With a certificate that only `caBundle` vouches for. */
export async function tlsUpstream(listener: RequestListener, address = '127.0.0.1'): Promise<TestUpstream & { caBundle: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'reprise-tls-'));
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=upstream', '-addext', `subjectAltName=IP:${address},DNS:localhost`], { stdio: 'ignore' });
  const upstream = await started((counted) => createTls({ key: readFileSync(key), cert: readFileSync(cert) }, counted) as unknown as Server, 'https', listener, address);
  const caBundle = join(directory, 'bundle.pem');
  writeFileSync(caBundle, readFileSync(cert));
  return { ...upstream, caBundle };
}

async function started(make: (listener: RequestListener) => Server, scheme: string, listener: RequestListener, address: string): Promise<TestUpstream> {
  const asked: string[] = [];
  const server = make((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `${scheme}://${address}:${port}`,
    hostPort: `${address}:${port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
