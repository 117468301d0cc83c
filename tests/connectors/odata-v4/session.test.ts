import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, expect, it } from 'vitest';
import { odataV4 } from '../../../connectors/odata-v4/index.ts';
import { retryAfter } from '../../../connectors/odata-v4/session.ts';
import { Settings } from '../../../connectors/odata-v4/settings.ts';
import { batchReply, honest, metadata, openGate, rowJson, scripted, thing, things } from './scripted-service.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A service with a token service, both counting; tokens work until `revoke`. */
async function guarded(lifeSeconds: number, once = false) {
  const seen = { tokens: 0, refused: 0 };
  let valid = '';
  const server = createServer((from, to) => {
    from.resume();
    if (from.url === '/token' && once && seen.tokens > 0) from.socket.destroy();
    else if (from.url === '/token') {
      seen.tokens += 1;
      valid = `token-${seen.tokens}`;
      to.writeHead(200).end(JSON.stringify({ access_token: valid, expires_in: lifeSeconds }));
    } else if (from.headers.authorization === `Bearer ${valid}`) to.writeHead(200).end(metadata);
    else {
      seen.refused += 1;
      to.writeHead(401).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const auth = { kind: 'oauth2', tokenUrl: `${origin}/token`, clientId: 'c', clientSecret: { env: 'S' } };
  const target = await odataV4.openTarget?.(
    'guarded',
    Settings.parse({ kind: 'odata-v4', url: `${origin}/odata`, auth }),
    () => 'hush-hush',
  );
  if (!target) throw new Error('the connector opens no targets');
  stops.push(
    () => target.close(),
    () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  );
  return { target, seen, revoke: () => void (valid = 'none') };
}

it('asks for one token however many requests start at once', async () => {
  const { target, seen } = await guarded(3600);
  await Promise.all(Array.from({ length: 10 }, () => target.ping()));
  expect(seen).toEqual({ tokens: 1, refused: 0 });
});

it('renews a token before it expires', async () => {
  const { target, seen } = await guarded(0.05);
  await target.ping();
  await new Promise((resolve) => setTimeout(resolve, 60));
  await target.ping();
  expect(seen).toEqual({ tokens: 2, refused: 0 });
});

it('renews a token that was refused, once', async () => {
  const { target, seen, revoke } = await guarded(3600);
  await target.ping();
  revoke();
  await target.ping();
  expect(seen).toEqual({ tokens: 2, refused: 1 });
});

it('throws when the token service hangs up, since no row was sent', async () => {
  const { target, seen, revoke } = await guarded(3600, true);
  await target.fingerprint(['things']);
  revoke();
  const writing = target.writeBatch([thing('a')], 'write', openGate().call);
  await expect(writing).rejects.toMatchObject({ code: 'target.reset' });
  expect(seen.tokens).toBe(1);
});

it('reads how long to wait, in seconds or as a date', () => {
  expect(retryAfter('2')).toBe(2000);
  expect(retryAfter('0')).toBe(0);
  expect(retryAfter(new Date(Date.now() + 5000).toUTCString())).toBeGreaterThan(3000);
  // By the service's own clock: ours may be off by hours.
  expect(retryAfter('Wed, 21 Oct 2015 07:28:05 GMT', 'Wed, 21 Oct 2015 07:28:00 GMT')).toBe(5000);
  expect(retryAfter('soon')).toBeUndefined();
  expect(retryAfter(undefined)).toBeUndefined();
});

it('reads again what failed for a passing reason', async () => {
  let nth = 0;
  const service = await scripted(() => {
    nth += 1;
    return nth === 1 ? { status: 500, body: '' } : { status: 200, body: `{"value":[${rowJson('a')}]}` };
  });
  stops.push(service.stop);
  const found = await service.target.findByLegacyKey(things, ['a'], openGate().call);
  expect(found).toEqual([{ legacyKey: 'a', targetKey: 'id-a' }]);
});

it('does not follow a redirect, which would take the token along', async () => {
  const service = await scripted(() => ({ status: 302, headers: { Location: 'http://elsewhere.example/' }, body: '' }));
  stops.push(service.stop);
  await expect(service.target.readBack(things, null, openGate().call)).rejects.toMatchObject({
    code: 'target.not-odata',
  });
});

it('holds neither token nor rows in the error of a request that failed', async () => {
  const service = await scripted(() => ({ status: 200, body: '{"value":[]}' }), {
    auth: { kind: 'basic', user: 'u', password: { env: 'P' } },
  });
  const { target } = service;
  await target.ping();
  await service.stop();
  const document = { ...thing('a'), row: { ...thing('a').row, body: '{"name":"Anna Muster"}' } };
  const failure: unknown = await target
    .writeBatch([document], 'write', openGate().call)
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'target.refused' });
  expect(inspect(failure, { depth: 10 })).not.toMatch(/Anna|Basic |Authorization/);
});

it('tells the gate of every request how it went', async () => {
  const service = await scripted(({ asked }) => batchReply(honest(asked)));
  stops.push(service.stop);
  const { call, reports } = openGate();
  await service.target.writeBatch([thing('a')], 'write', call);
  // The metadata, which the batch is composed by, and the batch.
  expect(reports).toEqual(['ok', 'ok']);
});

it('reads metadata when it is its turn, for all who wait for it, also when the first of them gives up', async () => {
  const service = await scripted(({ asked }) => batchReply(honest(asked)));
  stops.push(service.stop);
  let open = (): void => {};
  const opened = new Promise<() => void>((resolve) => (open = () => resolve(() => {})));
  const gate = { enter: () => opened, report: () => {} };
  const over = new AbortController();
  const first = service.target.fingerprint(['things'], { gate, signal: over.signal });
  const second = service.target.writeBatch([thing('a')], 'write', { gate });
  over.abort(new Error('enough'));
  await expect(first).rejects.toThrow('enough');
  expect(service.requests).toEqual([]);
  open();
  expect(await second).toMatchObject([{ outcome: 'created' }]);
  expect(service.requests.filter((one) => one.path === '$metadata')).toHaveLength(1);
});

it('waits for settling at least as long as a request may take', () => {
  const settings = { kind: 'odata-v4', url: 'https://a.example', auth: { kind: 'none' }, settlingMs: 1000 };
  expect(Settings.safeParse(settings).error?.issues[0]).toMatchObject({ path: ['settlingMs'] });
});
