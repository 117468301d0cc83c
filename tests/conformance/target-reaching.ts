import { expect } from 'vitest';
import { LandfallError } from '../../model/errors.ts';
import { type Bench, type Define } from './target-bench.ts';
import type { Mistake } from './target-harness.ts';

/** How a target is reached, described and checked before anything is written. */
export function reaching(test: Define, bench: Bench): void {
  test('answers a ping with its product and version', async () => {
    const ping = await bench.target.ping();
    expect(ping.product).not.toBe('');
    expect(ping.version).not.toBe('');
  });

  for (const mistake of ['host', 'port', 'path', 'password'] satisfies Mistake[]) {
    test(`says so when the ${mistake} of the connection is wrong, with a remedy and without a secret`, async () => {
      const wrong = await bench.harness.open(mistake);
      try {
        const error = await wrong.ping().then(
          () => null,
          (failure: unknown) => failure,
        );
        expect(error).toBeInstanceOf(LandfallError);
        const said = error as LandfallError;
        expect(said.code).toMatch(/^target\./);
        expect(said.where['connection']).toBeDefined();
        expect(said.hint).not.toBe('');
        for (const secret of bench.harness.secrets) {
          expect(JSON.stringify([said.message, said.where, said.confidential])).not.toContain(secret);
        }
      } finally {
        await wrong.close();
      }
    });
  }

  test('finds nothing wrong with shapes that fit', async () => {
    for (const { collection } of [bench.harness.plain, bench.harness.types, bench.harness.polymorphic]) {
      expect((await bench.target.checkShape(collection)).filter((one) => one.severity === 'error')).toEqual([]);
    }
  });

  test('finds a collection, a property and a length that do not fit, and gives the nearest names', async () => {
    const { collection, label } = bench.harness.plain;
    const misspelt = { ...collection, collection: `${collection.collection}x` };
    const [missing] = await bench.target.checkShape(misspelt);
    expect(missing?.hint).toContain(collection.collection);
    const wide = { type: { kind: 'text', max: 100_000_000 }, required: true } as const;
    const shape = { ...collection.shape, [label]: wide, [`${label}x`]: wide };
    const codes = (await bench.target.checkShape({ ...collection, shape })).map((one) => one.where['field']);
    expect(codes).toEqual(expect.arrayContaining([label, `${label}x`]));
  });

  test('keeps the fingerprint of metadata that did not change', async () => {
    const names = [bench.harness.plain.collection.collection];
    expect(await bench.target.fingerprint(names)).toEqual(await bench.target.fingerprint(names));
  });
}
