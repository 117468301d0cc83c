import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { z } from 'zod';
import { LandfallError } from '../model/errors.ts';

/** Payloads as JSON has them: protobuf's mapping, bytes in base64. */
const Payloads = z.object({
  payloads: z.array(
    z.object({
      metadata: z.record(z.string(), z.base64()).nullish(),
      data: z.base64().nullish(),
    }),
  ),
});

/** Bytes of a request, at most: the server's own limit of a message, in base64, and some. */
const MostBytes = 8 * 1024 * 1024;

export interface CodecAccess {
  jwks: string;
  issuer: string;
  audience: string;
}

export interface CodecEndpoint {
  readonly url: string;
  close(): Promise<void>;
}

const fromJson = ({ payloads }: z.infer<typeof Payloads>): Payload[] =>
  payloads.map(({ metadata, data }) => ({
    metadata: Object.fromEntries(
      Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value, 'base64')]),
    ),
    data: Buffer.from(data ?? '', 'base64'),
  }));

const toJson = (payloads: readonly Payload[]): z.infer<typeof Payloads> => ({
  payloads: payloads.map(({ metadata, data }) => ({
    metadata: Object.fromEntries(
      Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
    ),
    data: Buffer.from(data ?? []).toString('base64'),
  })),
});

const isLoopback = (host: string): boolean => host === '127.0.0.1' || host === '::1' || host === 'localhost';

class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  if (Number(request.headers['content-length'] ?? 0) > MostBytes) throw new Refusal(413, 'too large');
  let bytes = 0;
  request.on('data', (part: Buffer) => {
    bytes += part.length;
    if (bytes > MostBytes) request.destroy(new Refusal(413, 'too large'));
  });
  return text(request);
}

/**
 * The remote codec that the Temporal UI and command ask to show what is encrypted: `POST /decode` and `/encode`, as
 * Temporal's documentation of codec servers has it.
 *
 * @param of.origins pages that may ask: browsers hold others off (CORS), and a page of another origin is refused here too
 * @param of.access who may read; without it only this machine is served
 * @throws LandfallError `codec.open` for an address that others reach, where nobody's token is asked for
 */
export async function serveCodec(of: {
  codec: PayloadCodec;
  host: string;
  port: number;
  origins: readonly string[];
  access?: CodecAccess | undefined;
}): Promise<CodecEndpoint> {
  if (!of.access && !isLoopback(of.host)) {
    throw new LandfallError({
      code: 'codec.open',
      kind: 'permanent',
      what: 'Everybody who reaches this address could read what is encrypted.',
      where: { address: of.host },
      hint: 'Set temporal.codecAccess, so that only people with a token are served; or serve 127.0.0.1 alone.',
    });
  }
  const admit = admission(of.access);

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { origin } = request.headers;
    if (origin !== undefined) {
      if (!of.origins.includes(origin)) throw new Refusal(403, 'this page may not ask');
      response.setHeader('Access-Control-Allow-Origin', origin);
      response.setHeader('Access-Control-Allow-Credentials', 'true');
      response.setHeader('Access-Control-Allow-Headers', 'authorization, content-type, x-namespace');
      response.setHeader('Vary', 'Origin');
    }
    if (request.method === 'OPTIONS') return void response.writeHead(204).end();
    const path = new URL(request.url ?? '/', 'http://codec').pathname;
    const way = path.endsWith('/decode') ? of.codec.decode : path.endsWith('/encode') ? of.codec.encode : null;
    if (request.method !== 'POST' || !way) throw new Refusal(404, 'POST /decode or /encode');
    await admit(request);
    const read = Payloads.safeParse(json(await bodyOf(request)));
    if (!read.success) throw new Refusal(400, 'not a list of payloads');
    const done = JSON.stringify(toJson(await way(fromJson(read.data))));
    response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }).end(done);
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const status = error instanceof Refusal ? error.status : error instanceof LandfallError ? 422 : 500;
      // A refusal of the codec names a key's id and a setting, nothing of what it was asked to read.
      const said = error instanceof Refusal || error instanceof LandfallError ? error.message : 'failed';
      if (!response.headersSent) response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
      response.end(said);
    });
  });
  await listening(server, of.host, of.port);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${of.host.includes(':') ? `[${of.host}]` : of.host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function json(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

/** Lets those in who show a token that the issuer signed for this audience. */
function admission(access: CodecAccess | undefined): (request: IncomingMessage) => Promise<void> {
  if (!access) return async () => {};
  const keys = createRemoteJWKSet(new URL(access.jwks));
  return async ({ headers }) => {
    const token = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
    if (token === undefined) throw new Refusal(401, 'no token');
    await jwtVerify(token, keys, { issuer: access.issuer, audience: access.audience }).catch(() => {
      throw new Refusal(401, 'the token is not accepted');
    });
  };
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new LandfallError({
          code: 'codec.address',
          kind: 'permanent',
          what: 'The codec cannot listen there.',
          where: { address: `${host}:${port}` },
          hint: 'Choose another --port, or end what listens on it.',
          cause: error,
        }),
      ),
    );
    server.listen(port, host, resolve);
  });
}
