import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Target, TargetDocument } from '../../../connectors/port.ts';
import { LandfallError } from '../../../model/errors.ts';
import { openWire, type Wire } from '../../chaos/wire.ts';
import { Bench, row } from '../../conformance/target-bench.ts';
import { postgresTargetHarness, type PostgresTargetHarness } from '../../conformance/target-postgres.ts';

const { call } = new Bench();
let harness: PostgresTargetHarness;
let wire: Wire;
let target: Target;

beforeAll(async () => {
  harness = await postgresTargetHarness();
  wire = await openWire();
  wire.to(harness.settings.port);
  const limits = { statementMs: 700, idleMs: 500, settlingMs: 1_500, tries: 3 };
  target = await harness.openWith({ port: wire.port, target: limits });
});

afterAll(async () => {
  await target.close();
  await wire.close();
  await harness.stop();
});

let serial = 0;
function documents(n: number): TargetDocument[] {
  serial += 1;
  const { collection, fields } = harness.plain;
  return Array.from({ length: n }, (_, i) => row(collection, `adverse ${serial} ${i}`, fields(i)));
}
const there = async (of: readonly TargetDocument[]): Promise<number> => {
  const keys = of.map((one) => one.row.legacyKey);
  const { rows } = await harness.admin.query<{ n: number }>(
    'SELECT count(*)::integer AS n FROM plain WHERE legacy_id = ANY ($1)',
    [keys],
  );
  return rows[0]?.n ?? -1;
};
const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

test('a connection that is cut before COMMIT has written nothing, and the batch is sent again', async () => {
  const sent = documents(1_500);
  wire.cutAfter(60_000);
  const outcomes = await target.writeBatch(sent, 'write', call);
  expect(new Set(outcomes.map((one) => one.outcome))).toEqual(new Set(['created']));
  expect(outcomes).toHaveLength(sent.length);
  expect(await there(sent)).toBe(sent.length);
});

test('a server that stays away is an error that may pass, and nothing is uncertain', async () => {
  const sent = documents(1);
  wire.drop(1_500);
  const error = await failure(target.writeBatch(sent, 'write', call));
  expect(error).toBeInstanceOf(LandfallError);
  expect(error).toMatchObject({ kind: 'transient' });
  await sleep(1_500);
  expect(await there(sent)).toBe(0);
});

test('an attempt that was overtaken while the server worked takes everything back', async () => {
  const sent = documents(3);
  let asked = 0;
  const overtaken = new LandfallError({ code: 'load.fenced', kind: 'transient', what: 'Overtaken.', hint: 'Nothing.' });
  const stillOurs = (): Promise<void> => {
    asked += 1;
    return asked === 1 ? Promise.resolve() : Promise.reject(overtaken);
  };
  expect(await failure(target.writeBatch(sent, 'write', { ...call, stillOurs }))).toBe(overtaken);
  expect(await there(sent)).toBe(0);
});

test('a transaction whose client falls silent is ended by the server before it has to be settled', async () => {
  const sent = documents(2);
  let asked = 0;
  const stillOurs = async (): Promise<void> => {
    asked += 1;
    if (asked === 2) await sleep(900);
  };
  const outcomes = await target.writeBatch(sent, 'write', { ...call, stillOurs });
  expect(outcomes.map((one) => one.outcome)).toEqual(['uncertain', 'uncertain']);
  expect(await there(sent)).toBe(0);
});

test('what waits for somebody’s lock for too long is given up whole, and written once the lock is gone', async () => {
  const sent = documents(40);
  const [locked] = sent;
  await harness.admin.query('INSERT INTO plain (legacy_id, label) VALUES ($1, $2)', [locked?.row.legacyKey, 'old']);
  const client = await harness.connect();
  await client.query('BEGIN');
  await client.query('SELECT 1 FROM plain WHERE legacy_id = $1 FOR UPDATE', [locked?.row.legacyKey]);
  const outcomes = await target.writeBatch(sent, 'write', call).catch((error: unknown) => error);
  await client.query('ROLLBACK');
  await client.end();
  expect(outcomes).toMatchObject({ code: 'target.timeout', kind: 'transient' });
  expect(await there(sent)).toBe(1);
  expect(new Set((await target.writeBatch(sent, 'write', call)).map((one) => one.outcome))).toEqual(
    new Set(['created', 'updated']),
  );
});

test('two batches that lock the same rows in another order are both written in the end', async () => {
  const sent = documents(300);
  const changed = sent.map((one) => row(one.collection, one.row.legacyKey, { label: 'changed' }));
  await target.writeBatch(sent, 'write', call);
  const [a, b] = await Promise.all([
    target.writeBatch(changed, 'write', call),
    target.writeBatch(changed.toReversed(), 'write', call),
  ]);
  const updated = [...a, ...b].filter((one) => one.outcome === 'updated');
  expect(updated).toHaveLength(sent.length);
  expect([...a, ...b].filter((one) => one.outcome === 'unchanged')).toHaveLength(sent.length);
});
