import { expect } from 'vitest';
import { row, type Bench, type Define } from './target-bench.ts';
import type { Fault } from './target-harness.ts';

/** What becomes of rows when the network or the service fails. */
export function adversity(test: Define, bench: Bench): void {
  const { call, counted, key, write, one, landed, copies, byKey } = bench;

  test('matches answers to rows by their numbers when they come in another order', async () => {
    const { collection, fields, refused } = bench.harness.plain;
    const keys = Array.from({ length: 5 }, () => key());
    await bench.harness.arm('reversed-answers');
    const outcomes = await write(...keys.map((one, n) => row(collection, one, n === 1 ? refused : fields(n))));
    expect(byKey(outcomes)).toEqual(Object.fromEntries(keys.map((one, n) => [one, n === 1 ? 'refused' : 'created'])));
    const found = await bench.target.findByLegacyKey(collection, keys, call);
    const said = outcomes.flatMap((one) => ('targetKey' in one ? [[one.legacyKey, one.targetKey]] : []));
    expect(Object.fromEntries(found.map((one) => [one.legacyKey, one.targetKey]))).toEqual(Object.fromEntries(said));
  });

  test('waits as the target asks, tells the gate, and is served', async () => {
    const { collection, fields } = bench.harness.plain;
    const before = counted.reports.throttled;
    const started = performance.now();
    await bench.harness.arm('throttle');
    expect((await one(row(collection, key(), fields(1)))).outcome).toBe('created');
    expect(performance.now() - started).toBeGreaterThan(900);
    expect(counted.reports.throttled).toBe(before + 1);
  });

  test('renews credentials that expire between two batches', async () => {
    const { collection, fields } = bench.harness.plain;
    expect((await one(row(collection, key(), fields(1)))).outcome).toBe('created');
    await bench.harness.expireCredentials();
    expect((await one(row(collection, key(), fields(1)))).outcome).toBe('created');
  });

  for (const fault of ['reset-before-commit', 'reset-after-commit'] satisfies Fault[]) {
    test(`is uncertain after a ${fault}, and settling leaves one row`, async () => {
      for (const { collection, fields } of [
        { collection: bench.harness.plain.collection, fields: bench.harness.plain.fields(1) },
        bench.harness.createOnly,
      ]) {
        const legacyKey = key();
        const document = row(collection, legacyKey, fields);
        await bench.harness.arm(fault);
        expect((await one(document)).outcome).toBe('uncertain');
        // Settled as the loader does: an upsert is sent again, a create is looked up first.
        const there = (await bench.target.findByLegacyKey(collection, [legacyKey], call)).length;
        expect(there).toBe(fault === 'reset-after-commit' ? 1 : 0);
        if (collection.write === 'upsert' || there === 0) await landed(document);
        expect(await copies(collection, legacyKey)).toBe(1);
      }
    });
  }
}
