import { afterEach, expect, it } from 'vitest';
import type { RowOutcome, TargetDocument } from '../../../connectors/port.ts';
import {
  batchReply,
  honest,
  openGate,
  rowJson,
  scripted,
  thing,
  things,
  type Asked,
  type Reply,
  type ScriptedService,
} from './scripted-service.ts';

let service: ScriptedService | null = null;
afterEach(() => service?.stop());

async function write(
  documents: TargetDocument[],
  answer: (asked: Asked[], nth: number, path: string) => Reply | Promise<Reply>,
  settings: object = {},
): Promise<RowOutcome[]> {
  let nth = 0;
  service = await scripted(({ asked, path }) => answer(asked, (nth += 1), path), settings);
  return service.target.writeBatch(documents, 'write', openGate().call);
}

const outcomes = (found: RowOutcome[]): Record<string, string> =>
  Object.fromEntries(found.map((one) => [one.legacyKey, one.outcome]));
const batches = (): number => service?.requests.filter((one) => one.path === '$batch').length ?? 0;

it('writes and confirms in one request', async () => {
  const found = await write([thing('a'), thing('b')], (asked) => batchReply(honest(asked)));
  expect(found).toEqual([
    { legacyKey: 'a', collection: 'things', outcome: 'created', targetKey: 'id-a' },
    { legacyKey: 'b', collection: 'things', outcome: 'created', targetKey: 'id-b' },
  ]);
  expect(service?.requests.map((one) => one.path)).toEqual(['$metadata', '$batch']);
});

it('does not believe a success when the row is not there', async () => {
  const found = await write([thing('a'), thing('b')], (asked) => batchReply(honest(asked, (key) => key !== 'a')));
  expect(outcomes(found)).toEqual({ a: 'uncertain', b: 'created' });
});

it('does not believe an update whose version is newer than what is there', async () => {
  const found = await write([thing('a')], (asked) => {
    const [first, ...rest] = honest(asked);
    return batchReply([{ ...first, status: 200, body: rowJson('a', 7) }, ...rest]);
  });
  expect(found[0]).toMatchObject({ outcome: 'uncertain', reason: expect.stringContaining('rolled back') });
});

it('does not believe an answer about another row', async () => {
  const found = await write([thing('a')], (asked) => {
    const [first, ...rest] = honest(asked);
    return batchReply([{ ...first, status: 201, body: rowJson('b') }, ...rest]);
  });
  expect(found[0]).toMatchObject({ outcome: 'uncertain', reason: expect.stringContaining('another key') });
});

it('looks rows up by a request of its own when the batch’s questions were not answered', async () => {
  const found = await write([thing('a')], (asked, nth, path) => {
    if (path.startsWith('things?')) return { status: 200, body: `{"value":[${rowJson('a')}]}` };
    return batchReply(honest(asked).slice(0, 1));
  });
  expect(outcomes(found)).toEqual({ a: 'created' });
});

it('is uncertain, and does not throw, when rows were written and cannot be looked up', async () => {
  const found = await write([thing('a')], (asked, nth, path) =>
    path.startsWith('things?') ? { status: 403, body: '' } : batchReply(honest(asked).slice(0, 1)),
  );
  expect(outcomes(found)).toEqual({ a: 'uncertain' });
});

it('sends rows alone when their failures bear no number, so that each gets its own reason', async () => {
  const keys = ['a', 'b', 'c'];
  const found = await write(keys.map(thing), (asked) =>
    batchReply(
      honest(asked, (key) => key === 'b').map((part, n) => {
        const key = asked[n]?.keys[0] ?? '';
        if (asked[n]?.line.startsWith('GET') || key === 'b') return part;
        return { status: 400, body: JSON.stringify({ error: { code: '0x1', message: `no ${key}` } }) };
      }),
    ),
  );
  expect(outcomes(found)).toEqual({ a: 'refused', b: 'created', c: 'refused' });
  for (const key of ['a', 'c']) {
    expect(found.find((one) => one.legacyKey === key)).toMatchObject({ code: '0x1', message: `no ${key}` });
  }
});

it('does not send a create again when nothing proves that it failed', async () => {
  const creates = ['a', 'b'].map((key) => ({ ...thing(key), collection: { ...things, write: 'create' as const } }));
  const found = await write(creates, (asked) => batchReply(honest(asked).slice(2)));
  expect(outcomes(found)).toEqual({ a: 'uncertain', b: 'uncertain' });
  expect(batches()).toBe(1);
});

it('takes a duplicate key for a refusal even where it comes as a failure of the server', async () => {
  const found = await write([thing('a'), thing('b')], (asked) => {
    const [first, second, ...rest] = honest(asked);
    const duplicate = {
      error: { code: '0x80040237', message: "A record with matching key values already exists in 'name'" },
    };
    return batchReply([
      { ...first, status: 500, body: JSON.stringify(duplicate) },
      { ...second, status: 500, body: '{"error":{"code":"","message":"boom"}}' },
      ...rest,
    ]);
  });
  expect(outcomes(found)).toEqual({ a: 'refused', b: 'uncertain' });
  expect(found[0]).toMatchObject({ code: '0x80040237', field: 'name' });
});

it('waits and sends again only the rows that were throttled within a batch', async () => {
  const found = await write([thing('a'), thing('b')], (asked, nth) => {
    const parts = honest(asked, (key) => nth > 1 || key === 'b');
    if (nth === 1) parts[0] = { ...parts[0], status: 429, headers: 'Retry-After: 0.05\r\n', body: '' };
    return batchReply(parts);
  });
  expect(outcomes(found)).toEqual({ a: 'created', b: 'created' });
  expect(service?.requests.at(-1)?.body).not.toContain("legacy='b'");
});

it('throws, with the wait that was asked for, when throttling does not end and nothing was written', async () => {
  const throttled = write([thing('a')], () => ({ status: 429, headers: { 'Retry-After': '0.02' }, body: '' }), {
    timeouts: { tries: 2 },
  });
  await expect(throttled).rejects.toMatchObject({ code: 'target.throttled', kind: 'throttled', retryAfterMs: 20 });
  expect(batches()).toBe(2);
});

it('is uncertain about every row when the service fails as a whole', async () => {
  const found = await write([thing('a'), thing('b')], () => ({ status: 502, body: 'Bad Gateway' }));
  expect(outcomes(found)).toEqual({ a: 'uncertain', b: 'uncertain' });
});

it('is uncertain about every row when no answer comes in time', async () => {
  const late = (): Promise<Reply> =>
    new Promise((resolve) => setTimeout(() => resolve({ status: 200, body: '' }), 600));
  const found = await write([thing('a')], late, { timeouts: { requestMs: 200 }, settlingMs: 200 });
  expect(found[0]).toMatchObject({ outcome: 'uncertain', reason: 'target.timeout' });
});

it('is uncertain about the rows whose answers were cut off', async () => {
  const creates = ['a', 'b'].map((key) => ({ ...thing(key), collection: { ...things, write: 'create' as const } }));
  const found = await write(creates, (asked, nth, path) => {
    if (path.startsWith('things?')) return { status: 200, body: `{"value":[${rowJson('a')},${rowJson('b')}]}` };
    const parts = honest(asked).map((part, n) => ({ ...part, body: rowJson(n === 0 ? 'a' : 'b') }));
    const whole = batchReply(parts.slice(0, 2));
    return { ...whole, body: whole.body.slice(0, whole.body.indexOf('id-b')) };
  });
  expect(outcomes(found)).toEqual({ a: 'created', b: 'uncertain' });
});

it('halves a batch that is too large for the service', async () => {
  const found = await write(['a', 'b', 'c', 'd'].map(thing), (asked) =>
    asked.length > 3 ? { status: 413, body: '' } : batchReply(honest(asked)),
  );
  expect(outcomes(found)).toEqual({ a: 'created', b: 'created', c: 'created', d: 'created' });
});

it('takes a row that is too large for any request for refused, and writes the others', async () => {
  const found = await write(['a', 'b', 'c', 'd'].map(thing), (asked) =>
    asked.some((one) => one.keys.includes('b')) ? { status: 413, body: '' } : batchReply(honest(asked)),
  );
  expect(outcomes(found)).toEqual({ a: 'created', b: 'refused', c: 'created', d: 'created' });
});

it('throws when the service refuses the batch outright', async () => {
  for (const [status, code] of [
    [401, 'target.unauthorised'],
    [403, 'target.forbidden'],
    [404, 'target.not-found'],
    [400, 'target.bad-request'],
  ] as const) {
    await expect(write([thing('a')], () => ({ status, body: '' }))).rejects.toMatchObject({ code });
    await service?.stop();
  }
});

it('keeps what the service wrote out of the message, where it may quote values', async () => {
  const body = JSON.stringify({ error: { code: '0x5', message: 'Key (email)=(anna@example.org) exists' } });
  const error = await write([thing('a')], () => ({ status: 400, body })).catch((failure: unknown) => failure as Error);
  expect(String(error)).not.toContain('anna');
  expect(error).toMatchObject({ confidential: expect.stringContaining('anna') });
});

it('puts the legacy key into a row that it creates, unless it is there already', async () => {
  const create = { ...things, write: 'create' as const };
  const bodies = ['{"name":"n"}', '{}', '{"legacy":"a","name":"\\"legacy\\":"}'];
  await write(
    bodies.map((body) => ({ collection: create, row: { legacyKey: 'a', body, references: [] } })),
    (asked) => batchReply(honest(asked)),
  );
  const sent = service?.requests.at(-1)?.body ?? '';
  expect(sent).toContain('{"name":"n","legacy":"a"}');
  expect(sent).toContain('{"legacy":"a"}');
  expect(sent).toContain('{"legacy":"a","name":"\\"legacy\\":"}');
});
