import { createServer, request as send, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the proxy answers instead of the service. */
export interface Strange {
  status: number;
  headers?: Record<string, string>;
  body: string;
}

export interface StrangeProxy {
  origin: string;
  /** Texts of the tokens that the service handed out. */
  tokens: string[];
  /** Answers the next requests that write a batch: a strange answer each, then as the service does again. */
  next(answers: readonly Strange[]): void;
  /** How many of those answers are still to come. */
  left(): number;
  /** Changes what is asked of the service, and what it answers. */
  rewrite(request: (body: string) => string, answer: (body: string) => string): void;
  stop(): Promise<void>;
}

async function read(from: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of from) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** Stands before a service and lets it say things that it would not say by itself. */
export async function startStrangeProxy(upstream: string): Promise<StrangeProxy> {
  const target = new URL(upstream);
  const tokens: string[] = [];
  let due: Strange[] = [];
  let origin = '';
  const same = (body: string): string => body;
  let rewriting = { request: same, answer: same };

  const forward = (from: IncomingMessage, body: Buffer): Promise<{ answer: IncomingMessage; body: Buffer }> =>
    new Promise((resolve, reject) => {
      const headers = { ...from.headers, host: target.host, 'content-length': String(body.length) };
      const options = { host: target.hostname, port: target.port, path: from.url, method: from.method, headers };
      send(options, (answer) => void read(answer).then((bytes) => resolve({ answer, body: bytes }), reject))
        .on('error', reject)
        .end(body);
    });

  const server = createServer((from, to) => {
    const handle = async (): Promise<void> => {
      const asked = await read(from);
      const isBatch = from.url?.includes('$batch') === true;
      const strange = isBatch ? due.shift() : undefined;
      if (strange) return void to.writeHead(strange.status, strange.headers).end(strange.body);
      const body = isBatch ? Buffer.from(rewriting.request(asked.toString('utf8'))) : asked;
      const { answer, body: answered } = await forward(from, body);
      const type = answer.headers['content-type'] ?? '';
      let bytes = answered;
      if (/json|multipart|xml|text/.test(type)) {
        const text = answered.toString('utf8').replaceAll(target.origin, origin);
        const token = /"access_token":"([^"]+)"/.exec(text)?.[1];
        if (token !== undefined) tokens.push(token);
        bytes = Buffer.from(isBatch ? rewriting.answer(text) : text);
      }
      const headers = { ...answer.headers, 'content-length': String(bytes.length) };
      delete headers['transfer-encoding'];
      if (headers.location) headers.location = headers.location.replace(target.origin, origin);
      to.writeHead(answer.statusCode ?? 502, headers).end(bytes);
    };
    handle().catch(() => from.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    tokens,
    next: (answers) => void (due = [...answers]),
    left: () => due.length,
    rewrite: (request, answer) => void (rewriting = { request, answer }),
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
