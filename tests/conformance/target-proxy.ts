import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { boundaryOf } from '../../connectors/odata-v4/batch-format.ts';
import type { Fault } from './target-harness.ts';

export interface FaultyProxy {
  origin: string;
  /** What happens to the next request that writes. */
  arm(fault: Fault): void;
  stop(): Promise<void>;
}

/** Stands between the connector and a service, so that the same faults can be had from any service. */
export async function startProxy(upstream: string): Promise<FaultyProxy> {
  const target = new URL(upstream);
  let armed: Fault | null = null;
  let origin = '';

  const forward = (from: IncomingMessage, body: Buffer): Promise<{ answer: IncomingMessage; body: Buffer }> =>
    new Promise((resolve, reject) => {
      const headers = { ...from.headers, host: target.host, 'content-length': String(body.length) };
      const options = { host: target.hostname, port: target.port, path: from.url, method: from.method, headers };
      send(options, (answer) => {
        read(answer).then((bytes) => resolve({ answer, body: bytes }), reject);
      })
        .on('error', reject)
        .end(body);
    });

  const handle = async (from: IncomingMessage, to: ServerResponse): Promise<void> => {
    const body = await read(from);
    const writes = from.method !== 'GET' && !from.url?.includes('token');
    const fault = writes ? armed : null;
    if (writes) armed = null;
    if (fault === 'reset-before-commit') return void from.socket.destroy();
    if (fault === 'throttle') return void to.writeHead(429, { 'Retry-After': '1' }).end();
    const { answer, body: answered } = await forward(from, body);
    if (fault === 'reset-after-commit') return void from.socket.destroy();
    const type = answer.headers['content-type'];
    let bytes = answered;
    if (type !== undefined && /json|multipart|xml|text/.test(type)) {
      let text = answered.toString('utf8').replaceAll(target.origin, origin);
      if (fault === 'reversed-answers') text = reversed(text, boundaryOf(type) ?? '');
      bytes = Buffer.from(text);
    }
    const headers = { ...answer.headers, 'content-length': String(bytes.length) };
    delete headers['transfer-encoding'];
    if (headers.location) headers.location = headers.location.replace(target.origin, origin);
    to.writeHead(answer.statusCode ?? 502, headers).end(bytes);
  };

  const server = createServer((from, to) => {
    handle(from, to).catch(() => from.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    arm: (fault) => void (armed = fault),
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function read(from: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of from) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function reversed(text: string, boundary: string): string {
  const parts = text.split(`--${boundary}`).slice(1, -1);
  return `${parts
    .toReversed()
    .map((part) => `--${boundary}${part}`)
    .join('')}--${boundary}--\r\n`;
}
