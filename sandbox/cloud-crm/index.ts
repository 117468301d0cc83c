import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Faults, FaultPlan, type FaultRule } from './faults.ts';
import { handleFile } from './files.ts';
import { Limits, Protection } from './limits.ts';
import { metadataXml } from './metadata.ts';
import { bySet } from './model.ts';
import { ODataProblem, problems } from './problem.ts';
import { countSet } from './read.ts';
import { problemAnswer, Service } from './service.ts';
import { createTables } from './tables.ts';

export interface CloudCrm {
  /** Where it listens itself. */
  port: number;
  /** The service root, as clients are configured with it. */
  url: string;
  tokenUrl: string;
  clientId: string;
  clientSecret: string;
  /** What goes wrong from now on. */
  setFaults(plan: Partial<FaultPlan>): void;
  stats(): Service['stats'] & { highestConcurrency: number; throttled: number };
  /** Takes the highest concurrency from now on. */
  measureAnew(): void;
  /** Every token handed out so far stops working. */
  expireTokens(): void;
  stop(): Promise<void>;
}

const Root = '/api/data/v9.2';

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

function flatHeaders(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}

/**
 * A cloud CRM after the public documentation of the Dataverse Web API, on 127.0.0.1, with its rows in PostgreSQL.
 *
 * @param options.databaseUrl an empty database, or one that this function filled before
 * @param options.tokenLifeMs how long an access token works
 * @param options.origin the address that clients know it by, where something stands between; absent: its own
 */
export async function startCloudCrm(options: {
  databaseUrl: string;
  port?: number;
  limits?: Partial<Limits>;
  tokenLifeMs?: number;
  origin?: string;
}): Promise<CloudCrm> {
  const pool = new pg.Pool({
    connectionString: options.databaseUrl,
    max: 16,
    options: '-c synchronous_commit=off -c TimeZone=UTC',
  });
  pool.on('error', () => {});
  await createTables(pool);
  const limits = Limits.parse(options.limits ?? {});
  const protection = new Protection(limits);
  const faults = new Faults();
  const tokens = new Map<string, number>();
  const clientId = 'landfall';
  const clientSecret = 'sandbox-secret';
  const tokenLifeMs = options.tokenLifeMs ?? 3_600_000;
  let service: Service;
  let origin = '';

  const token = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const form = new URLSearchParams(await textOf(request));
    if (form.get('client_id') !== clientId || form.get('client_secret') !== clientSecret) {
      response.writeHead(401, { 'Content-Type': 'application/json' });
      response.end(
        JSON.stringify({ error: 'invalid_client', error_description: 'The client or its secret is wrong.' }),
      );
      return;
    }
    const access = randomBytes(24).toString('base64url');
    tokens.set(access, Date.now() + tokenLifeMs);
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(
      JSON.stringify({ token_type: 'Bearer', access_token: access, expires_in: Math.ceil(tokenLifeMs / 1000) }),
    );
  };

  const authorise = (request: IncomingMessage): void => {
    const access = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if ((tokens.get(access) ?? 0) < Date.now()) throw problems.unauthorised();
  };

  const strike = async (fault: FaultRule | null, request: IncomingMessage): Promise<void> => {
    switch (fault?.kind) {
      case 'throttle':
        throw problems.busy(fault.amount);
      case 'unavailable':
        throw problems.unavailable(fault.amount);
      case 'slow':
        await sleep(fault.amount);
        return;
      case 'expire-token':
        tokens.clear();
        throw problems.unauthorised();
      case 'reset-before-commit':
        request.socket.destroy();
        throw new Error('reset');
      default:
    }
  };

  const data = async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
    authorise(request);
    const path = decodeURIComponent(url.pathname.slice(Root.length + 1));
    if (path === '$metadata') {
      response.writeHead(200, { 'Content-Type': 'application/xml' }).end(metadataXml());
      return;
    }
    const file = /^(.+)\/(\w+?)(\/\$value)?$/.exec(path);
    const ofFile = file ? /^(\w+)\(/.exec(file[1] ?? '') : null;
    const isFile = (bySet.get(ofFile?.[1] ?? '')?.files ?? []).includes(file?.[2] ?? '');
    const kind = path === '$batch' ? 'batch' : isFile ? 'file' : request.method === 'GET' ? 'read' : 'write';
    const fault = faults.next(kind);
    await strike(fault, request);
    const send = (status: number, headers: Record<string, string>, body: string): void => {
      if (fault?.kind === 'reset-after-commit') {
        request.socket.destroy();
        return;
      }
      response.writeHead(status, { 'OData-Version': '4.0', ...headers }).end(body === '' ? undefined : body);
    };

    if (kind === 'file') {
      const set = bySet.get(ofFile?.[1] ?? '');
      const id = await service.findId(file?.[1] ?? '');
      if (!set || id === null) throw problems.notFound('The row');
      await handleFile(
        pool,
        { set, id, property: file?.[2] ?? '', value: file?.[3] !== undefined, root: `${origin}${Root}` },
        request,
        response,
        url.searchParams,
      );
      return;
    }
    const headers = flatHeaders(request);
    if (kind === 'batch') {
      const result = await service.batch(
        await textOf(request),
        headers['content-type'] ?? '',
        headers['prefer'],
        fault,
      );
      await sleep(protection.delay(result.rows));
      send(200, { 'Content-Type': `multipart/mixed; boundary=${result.boundary}` }, result.body);
      return;
    }
    await sleep(protection.delay(1));
    const count = /^(\w+)\/\$count$/.exec(path);
    const counted = bySet.get(count?.[1] ?? '');
    if (counted) {
      send(
        200,
        { 'Content-Type': 'text/plain' },
        String(await countSet(pool, counted, url.searchParams.get('$filter'))),
      );
      return;
    }
    const json = { 'Content-Type': `application/json; odata.metadata=minimal` };
    if (request.method === 'GET') {
      const answer = await service.read(path, url.searchParams, headers);
      send(answer.status, json, answer.body);
      return;
    }
    const answer = await service.single({
      method: request.method ?? '',
      url: `${path}${url.search}`.replaceAll('%', '%25'),
      headers,
      body: await textOf(request),
      contentId: null,
    });
    send(answer.status, answer.body === '' ? answer.headers : { ...answer.headers, ...json }, answer.body);
  };

  const sandbox = async (request: IncomingMessage, response: ServerResponse, path: string): Promise<void> => {
    if (path === '/_sandbox/faults' && request.method === 'POST') {
      faults.set(FaultPlan.parse(JSON.parse(await textOf(request))));
      response.writeHead(204).end();
      return;
    }
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(
      JSON.stringify({ ...service.stats, highestConcurrency: protection.highest, throttled: protection.throttled }),
    );
  };

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const handle = async (): Promise<void> => {
      if (url.pathname === '/oauth2/v2.0/token') return token(request, response);
      if (url.pathname.startsWith('/_sandbox/')) return sandbox(request, response, url.pathname);
      if (!url.pathname.startsWith(`${Root}/`)) throw problems.noResource(url.pathname);
      service.stats.requests += 1;
      const leave = protection.enter();
      try {
        return await data(request, response, url);
      } finally {
        leave();
      }
    };
    handle().catch((error: unknown) => {
      request.resume();
      if (request.socket.destroyed || response.headersSent) return;
      const answer = problemAnswer(error instanceof ODataProblem ? error : null);
      response.writeHead(answer.status, { 'Content-Type': 'application/json', ...answer.headers }).end(answer.body);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  origin = options.origin ?? `http://127.0.0.1:${port}`;
  service = new Service(pool, `${origin}${Root}`, limits.aggregateRows);

  return {
    port,
    url: `${origin}${Root}`,
    tokenUrl: `${origin}/oauth2/v2.0/token`,
    clientId,
    clientSecret,
    setFaults: (plan) => faults.set(FaultPlan.parse(plan)),
    stats: () => ({ ...service.stats, highestConcurrency: protection.highest, throttled: protection.throttled }),
    measureAnew: () => protection.measureAnew(),
    expireTokens: () => tokens.clear(),
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await pool.end();
    },
  };
}
