import http from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import axios, { type AxiosInstance } from 'axios';
import { LandfallError } from '../../model/errors.ts';
import type { SecretResolver, TargetCall } from '../port.ts';
import { credentials } from './auth.ts';
import { protocolError, statusError, transportError } from './errors.ts';
import { readMetadata, type Service } from './metadata.ts';
import type { Settings } from './settings.ts';
import { unlessAborted } from './unless-aborted.ts';

export interface Request {
  method: 'GET' | 'POST' | 'PATCH' | 'PUT';
  /** Relative to the service root, or an address that the service itself gave. */
  path: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

export interface Answer {
  status: number;
  header(name: string): string | undefined;
  text: string;
}

export interface StreamedAnswer {
  status: number;
  stream: Readable;
  /** Gives the turn at the gate back. */
  done: () => void;
}

/** The connections that one worker holds to one service. */
export interface Session {
  readonly name: string;
  readonly settings: Settings;
  /** The service root, ending in a slash. */
  readonly root: URL;
  readonly where: object;
  /**
   * The service's metadata, read once; `fresh` reads it again. It waits for a turn like any request, through the gate of
   * the call that needs it first.
   */
  metadata(of?: { fresh?: boolean; call?: TargetCall | undefined }): Promise<Service>;
  /**
   * Sends once it is its turn; waits and tries again when told to (429, 503 with Retry-After) and renews a refused
   * token once. Gives every other answer as it is.
   *
   * @throws RequestFailed when no answer came, LandfallError `target.throttled` when waiting did not help
   */
  send(request: Request, call?: TargetCall): Promise<Answer>;
  /** Sends a request that changes nothing, tries again what failed for a passing reason, and gives successes only. */
  read(path: string, headers?: Record<string, string>, call?: TargetCall): Promise<Answer>;
  /** Opens an answer whose body is not held in memory. */
  stream(path: string, call: TargetCall): Promise<StreamedAnswer>;
  close(): Promise<void>;
}

/** An answer with what it takes to decide whether to ask again. */
interface Raw {
  status: number;
  headers: Record<string, unknown>;
  data: unknown;
  authorization: string | null;
  throttled: boolean;
  retryAfterMs: number | undefined;
  done: () => void;
}

/**
 * What the service asked us to wait, in milliseconds (RFC 9110, 10.2.3: seconds or a date).
 *
 * @param answered the answer's own `Date`: clocks differ, and by the service's its date is no further away than it means
 */
export function retryAfter(header: string | undefined, answered?: string): number | undefined {
  if (header === undefined || header === '') return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, Math.ceil(seconds * 1000));
  const date = Date.parse(header);
  const now = Date.parse(answered ?? '');
  return Number.isNaN(date) ? undefined : Math.max(0, date - (Number.isNaN(now) ? Date.now() : now));
}

/** Whether an answer says that nothing was done and one should come back later. */
export function isThrottled(status: number, wait: number | undefined): boolean {
  return status === 429 || (status === 503 && wait !== undefined);
}

const noGate: TargetCall = { gate: { enter: () => Promise.resolve(() => {}), report: () => {} } };

const common = {
  'OData-MaxVersion': '4.0',
  'OData-Version': '4.0',
  Accept: 'application/json;odata.metadata=minimal;IEEE754Compatible=true',
};

export function openSession(name: string, settings: Settings, secrets: SecretResolver): Session {
  const root = new URL(settings.url.endsWith('/') ? settings.url : `${settings.url}/`);
  const where = { connection: name, host: root.host };
  const options = { keepAlive: true, maxSockets: settings.connections, scheduling: 'fifo' as const };
  const agents = { httpAgent: new http.Agent(options), httpsAgent: new https.Agent(options) };
  const client: AxiosInstance = axios.create({
    ...agents,
    timeout: settings.timeouts.requestMs,
    // A redirect would carry the token to wherever it points.
    maxRedirects: 0,
    maxBodyLength: Infinity,
    maxContentLength: Infinity,
    validateStatus: () => true,
    responseType: 'text',
    transformResponse: (data: unknown) => data,
    transformRequest: (data: unknown) => data,
  });
  const auth = credentials(client, settings, secrets, where);
  const { tries, waitMs } = settings.timeouts;

  /** An address within the service; one elsewhere would be handed the token. */
  const address = (path: string): string => {
    const url = new URL(path, root);
    if (url.origin === root.origin && url.pathname.startsWith(root.pathname)) return url.href;
    throw new LandfallError({
      code: 'target.foreign-link',
      kind: 'permanent',
      what: 'The target gave a link that leads out of the service.',
      where: { ...where, linkHost: url.host },
      hint: 'Check `url` against the address that the service calls itself; a proxy may be rewriting it.',
    });
  };

  const once = async (request: Request, call: TargetCall, responseType: 'text' | 'stream'): Promise<Raw> => {
    const url = address(request.path);
    const authorization = await auth.header();
    const leave = await call.gate.enter(call.signal);
    if (request.method !== 'GET') {
      try {
        await call.stillOurs?.();
      } catch (error) {
        leave();
        throw error;
      }
    }
    const started = performance.now();
    try {
      const answer = await client.request<unknown>({
        method: request.method,
        url,
        headers: {
          ...common,
          ...settings.headers,
          ...(authorization === null ? {} : { Authorization: authorization }),
          ...request.headers,
        },
        data: request.body,
        responseType,
        ...(call.signal ? { signal: call.signal } : {}),
      });
      const latencyMs = performance.now() - started;
      const retryAfterMs = retryAfter(text(answer.headers['retry-after']), text(answer.headers['date']));
      const throttled = isThrottled(answer.status, retryAfterMs);
      if (throttled) {
        call.gate.report('throttled', { latencyMs, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
      } else call.gate.report(answer.status >= 500 ? 'failed' : 'ok', { latencyMs });
      if (responseType === 'text') leave();
      const { status, headers, data } = answer;
      return { status, headers, data, authorization, throttled, retryAfterMs, done: leave };
    } catch (error) {
      call.gate.report('failed', { latencyMs: performance.now() - started });
      leave();
      throw transportError(error, { ...where, path: pathOf(url) });
    }
  };

  const patiently = async (request: Request, call: TargetCall, responseType: 'text' | 'stream'): Promise<Raw> => {
    let waited = 0;
    let renewed = false;
    for (let attempt = 1; ; attempt += 1) {
      const answer = await once(request, call, responseType);
      const renew = answer.status === 401 && !renewed && auth.forget(answer.authorization);
      if (!renew && !answer.throttled) return answer;
      if (answer.data instanceof Readable) answer.data.destroy();
      if (responseType === 'stream') answer.done();
      if (renew) {
        renewed = true;
        continue;
      }
      const wait = answer.retryAfterMs ?? 500 * 2 ** attempt;
      if (attempt >= tries || waited + wait > waitMs) {
        throw statusError(answer.status, '', { ...where, path: pathOf(address(request.path)) }, wait);
      }
      waited += wait;
      await sleep(wait, undefined, call.signal ? { signal: call.signal } : {});
    }
  };

  let service: Promise<Service> | null = null;

  const session: Session = {
    name,
    settings,
    root,
    where,
    metadata({ fresh = false, call } = {}) {
      if (service && !fresh) return unlessAborted(service, call?.signal);
      // Others wait for the same answer: it does not end with the call that asked first.
      const reading = session
        .read('$metadata', { Accept: 'application/xml' }, call && { gate: call.gate })
        .then((answer) => readMetadata(answer.text, where));
      service = reading;
      reading.catch(() => {
        if (service === reading) service = null;
      });
      return unlessAborted(reading, call?.signal);
    },
    async send(request, call = noGate) {
      const { status, headers, data } = await patiently(request, call, 'text');
      return { status, text: text(data) ?? '', header: (name) => text(headers[name.toLowerCase()]) };
    },
    async read(path, headers = {}, call = noGate) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          const answer = await session.send({ method: 'GET', path, headers }, call);
          if (answer.status >= 200 && answer.status < 300) return answer;
          const place = { ...where, path: pathOf(address(path)) };
          if (answer.status >= 300 && answer.status < 400) {
            throw protocolError('The target redirects instead of answering.', { ...place, status: answer.status });
          }
          throw statusError(answer.status, answer.text, place);
        } catch (error) {
          const passing = error instanceof LandfallError && error.kind === 'transient' && !call.signal?.aborted;
          if (!passing || attempt >= tries) throw error;
          await sleep(100 * 2 ** attempt, undefined, call.signal ? { signal: call.signal } : {});
        }
      }
    },
    async stream(path, call) {
      const { status, data, done } = await patiently(
        { method: 'GET', path, headers: { Accept: '*/*' } },
        call,
        'stream',
      );
      if (!(data instanceof Readable)) throw protocolError('The target’s answer is not a stream.', where);
      return { status, stream: data, done };
    },
    close() {
      agents.httpAgent.destroy();
      agents.httpsAgent.destroy();
      return Promise.resolve();
    },
  };
  return session;
}

/** The path alone: queries hold keys. */
function pathOf(url: string): string {
  return new URL(url).pathname.replaceAll(/\([^)]*\)/g, '(…)');
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
