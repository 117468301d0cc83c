import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Target } from '../../../connectors/port.ts';
import { LandfallError } from '../../../model/errors.ts';
import { openWire } from '../../chaos/wire.ts';
import { Bench, row } from '../../conformance/target-bench.ts';
import { postgresTargetHarness, type PostgresTargetHarness } from '../../conformance/target-postgres.ts';

const { call } = new Bench();
const Mebibyte = 1024 * 1024;
let harness: PostgresTargetHarness;
let target: Target;
let targetKey: string;

beforeAll(async () => {
  harness = await postgresTargetHarness();
  target = await harness.open();
  const { collection, fields } = harness.attachment;
  const [outcome] = await target.writeBatch([row(collection, 'with a file', fields)], 'write', call);
  targetKey = outcome && 'targetKey' in outcome ? outcome.targetKey : '';
});

afterAll(async () => {
  await target.close();
  await harness.stop();
});

async function put(bytes: number, content: () => AsyncIterable<Uint8Array>, key = targetKey): Promise<void> {
  const { collection, property } = harness.attachment;
  await target.putAttachment?.(collection, key, property, { name: 'Vertrag “ä”.pdf', bytes, content }, call);
}
async function stored(): Promise<unknown> {
  const { rows } = await harness.admin.query(
    `SELECT octet_length(file) AS bytes, md5(file) AS digest, file_name AS name FROM note WHERE id = $1`,
    [targetKey],
  );
  return rows[0];
}
async function* small(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

test('an upload takes in no more than it can send: what comes waits for the server', async () => {
  const wire = await openWire();
  wire.to(harness.settings.port);
  const slow = await harness.openWith({ port: wire.port });
  const pieces = 64;
  let taken = 0;
  let takenWhileStalled = 0;
  async function* large(): AsyncGenerator<Uint8Array> {
    wire.stall(1_500);
    setTimeout(() => (takenWhileStalled = taken), 1_000);
    for (; taken < pieces; taken += 1) yield Buffer.alloc(Mebibyte, taken);
  }
  const { collection, property } = harness.attachment;
  const file = { name: 'Vertrag “ä”.pdf', bytes: pieces * Mebibyte, content: large };
  await slow.putAttachment?.(collection, targetKey, property, file, call);
  expect(await stored()).toMatchObject({ bytes: pieces * Mebibyte, name: 'Vertrag “ä”.pdf' });
  expect(takenWhileStalled).toBeGreaterThan(0);
  expect(takenWhileStalled).toBeLessThan(pieces / 2);
  await slow.close();
  await wire.close();
});

test('an upload that breaks off, or holds another number of bytes, leaves what was there', async () => {
  await put(5, () => small('whole'));
  const before = await stored();
  await expect(put(6, () => small('short'))).rejects.toMatchObject({ code: 'target.attachment-size' });
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield* small('half');
    throw new LandfallError({ code: 'staging.altered', kind: 'permanent', what: 'Altered.', hint: 'Nothing.' });
  }
  await expect(put(8, broken)).rejects.toMatchObject({ code: 'staging.altered' });
  expect(await stored()).toEqual(before);
});

test('an attempt that was overtaken while it uploaded changes nothing', async () => {
  await put(5, () => small('newer'));
  const { collection, property } = harness.attachment;
  const fenced = new LandfallError({ code: 'load.fenced', kind: 'transient', what: 'Overtaken.', hint: 'Nothing.' });
  const overtaken = { ...call, stillOurs: () => Promise.reject(fenced) };
  const file = { name: 'older', bytes: 5, content: () => small('older') };
  await expect(target.putAttachment?.(collection, targetKey, property, file, overtaken)).rejects.toBe(fenced);
  expect(await stored()).toMatchObject({ name: 'Vertrag “ä”.pdf', bytes: 5 });
});

test('a row that is not there, a column that holds no bytes and a file that no bytea holds are told', async () => {
  const refused = { code: 'target.attachment-refused', kind: 'permanent' };
  await expect(put(1, () => small('a'), '999999')).rejects.toMatchObject(refused);
  await expect(put(2 ** 30, () => small('a'))).rejects.toMatchObject(refused);
  const { collection } = harness.attachment;
  const file = { name: 'a', bytes: 1, content: () => small('a') };
  await expect(target.putAttachment?.(collection, targetKey, 'subject', file, call)).rejects.toMatchObject(refused);
});
