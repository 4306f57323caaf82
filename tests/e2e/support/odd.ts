// A registry that answers as a test tells it.
import { createServer, Server } from 'node:http';
import { freePort } from './process';

interface Answer {
  status: number;
  body: string;
  headers?: Record<string, string>;
}

/** Starts one. */
export async function odd(answer: (path: string) => Answer) {
  const port = await freePort();
  const server: Server = createServer((request, response) => {
    const { status, body, headers } = answer(request.url ?? '');
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { port, stop: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}
