import { createServer } from 'node:http';

/** What the operator's HTTP proxy leads to: a world of slow, unchanging answers. Nothing is behind it. */
export async function startUpstream(port: number): Promise<void> {
  const server = createServer((request, response) => {
    setTimeout(() => response.end(`${request.url} `.repeat(1_000)), 700);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
}
