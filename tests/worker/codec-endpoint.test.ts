import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { payloadCodec } from '../../worker/payloads.ts';
import { serveCodec, type CodecEndpoint } from '../../worker/codec-endpoint.ts';

const codec = payloadCodec([randomBytes(32)]);
const ui = 'http://127.0.0.1:8233';
const opened: { close(): unknown }[] = [];
let endpoint: CodecEndpoint;

beforeAll(async () => {
  endpoint = await serveCodec({ codec, host: '127.0.0.1', port: 0, origins: [ui] });
  opened.push(endpoint);
});
afterAll(async () => {
  for (const one of opened) await one.close();
});

const sealed = async (): Promise<string> => {
  const payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"in the open"') };
  const [one] = await codec.encode([payload]);
  const metadata = Object.entries(one?.metadata ?? {}).map(([key, value]) => [
    key,
    Buffer.from(value).toString('base64'),
  ]);
  const data = Buffer.from(one?.data ?? []).toString('base64');
  return JSON.stringify({ payloads: [{ metadata: Object.fromEntries(metadata), data }] });
};

const ask = (body: string, headers: Record<string, string> = {}, at = endpoint.url): Promise<Response> =>
  fetch(`${at}/decode`, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });

describe('the endpoint that decrypts for the Temporal UI', () => {
  test('answers the UI’s page, as its browser asks', async () => {
    const before = await fetch(`${endpoint.url}/decode`, { method: 'OPTIONS', headers: { origin: ui } });
    expect(before.status).toBe(204);
    expect(before.headers.get('access-control-allow-origin')).toBe(ui);
    expect(before.headers.get('access-control-allow-headers')).toMatch(/authorization.*content-type.*x-namespace/);
    const answer = await ask(await sealed(), { origin: ui });
    expect(answer.headers.get('access-control-allow-origin')).toBe(ui);
    const { payloads } = (await answer.json()) as { payloads: { data: string }[] };
    expect(Buffer.from(payloads[0]?.data ?? '', 'base64').toString()).toBe('"in the open"');
  });

  test('refuses the pages of others, what is no list of payloads, what is too large, and unknown keys', async () => {
    expect((await ask(await sealed(), { origin: 'http://elsewhere.example' })).status).toBe(403);
    expect((await ask('not json')).status).toBe(400);
    expect((await ask('{"payloads": 1}')).status).toBe(400);
    expect((await fetch(endpoint.url)).status).toBe(404);
    const large = ask(`{"payloads": [{"data": "${'A'.repeat(9 * 1024 * 1024)}"}]}`);
    expect(await large.then((answer) => answer.status).catch(() => 413)).toBe(413);
    const other = await serveCodec({
      codec: payloadCodec([randomBytes(32)]),
      host: '127.0.0.1',
      port: 0,
      origins: [ui],
    });
    opened.push(other);
    const answer = await ask(await sealed(), {}, other.url);
    expect(answer.status).toBe(422);
    expect(await answer.text()).toContain('temporal.payloadKeys');
  });

  test('is not opened to other machines where nobody’s token is asked for', async () => {
    await expect(serveCodec({ codec, host: '0.0.0.0', port: 0, origins: [ui] })).rejects.toMatchObject({
      code: 'codec.open',
    });
  });

  test('names the port that is taken', async () => {
    const port = Number(new URL(endpoint.url).port);
    await expect(serveCodec({ codec, host: '127.0.0.1', port, origins: [ui] })).rejects.toMatchObject({
      code: 'codec.address',
      where: { address: `127.0.0.1:${port}` },
    });
  });

  test('serves only those whose token its issuer signed, where it has one', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' };
    const issuer = createServer((_request, response) => void response.end(JSON.stringify({ keys: [jwk] })));
    await new Promise<void>((resolve) => void issuer.listen(0, '127.0.0.1', resolve));
    opened.push(issuer);
    const access = {
      jwks: `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks`,
      issuer: 'https://login.example.org',
      audience: 'temporal-ui',
    };
    const guarded = await serveCodec({ codec, host: '127.0.0.1', port: 0, origins: [ui], access });
    opened.push(guarded);
    const token = (audience: string): Promise<string> =>
      new SignJWT({})
        .setProtectedHeader({ alg: 'ES256', kid: 'one' })
        .setIssuer(access.issuer)
        .setAudience(audience)
        .setExpirationTime('1m')
        .sign(privateKey);
    const body = await sealed();
    expect((await ask(body, {}, guarded.url)).status).toBe(401);
    expect((await ask(body, { authorization: `Bearer ${await token('another')}` }, guarded.url)).status).toBe(401);
    expect((await ask(body, { authorization: `Bearer ${await token('temporal-ui')}` }, guarded.url)).status).toBe(200);
  });
});
