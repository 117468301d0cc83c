import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import type { TargetDocument } from '../../connectors/port.ts';
import { row, type Bench, type Define } from './target-bench.ts';

/** That what was written can be read back exactly. */
export function reading(test: Define, bench: Bench): void {
  const { call, key, write, one, landed, everything, read, byKey } = bench;

  test('brings every value back exactly as it was sent', async () => {
    const { collection, rows } = bench.harness.types;
    for (const fields of rows) {
      const legacyKey = key();
      await landed(row(collection, legacyKey, fields));
      expect((await read(collection, legacyKey))?.values).toMatchObject(fields);
    }
  });

  test('loses no digit of the longest number it holds', async () => {
    const { collection, fields, field, value } = bench.harness.longest;
    const legacyKey = key();
    await landed(row(collection, legacyKey, { ...fields, [field]: value }));
    expect((await read(collection, legacyKey))?.values[field]).toBe(value);
  });

  test('reads back across pages, each row once, and counts as many', async () => {
    const { collection, fields } = bench.harness.plain;
    const keys = Array.from({ length: 25 }, () => key());
    await write(...keys.map((one, n) => row(collection, one, fields(n))));
    const rows = await everything(collection);
    expect(new Set(rows.map((found) => found.legacyKey)).size).toBe(rows.length);
    expect(rows.map((found) => found.legacyKey)).toEqual(expect.arrayContaining(keys));
    expect(await bench.target.countRows(collection, call)).toBe(rows.length);
  });

  test('goes on reading from a page’s link in another process', async () => {
    const { collection } = bench.harness.plain;
    const first = await bench.target.readBack(collection, null, call);
    expect(first.next).not.toBeNull();
    const other = await bench.harness.open();
    const second = await other.readBack(collection, first.next, call).finally(() => other.close());
    const seen = new Set(first.rows.map((found) => found.targetKey));
    expect(second.rows.filter((found) => seen.has(found.targetKey))).toEqual([]);
    expect(Date.parse(second.asAt)).not.toBeNaN();
  });

  test('refuses a link that leads out of the service, where its credentials would leak', async () => {
    const leak = bench.target.readBack(bench.harness.plain.collection, 'https://elsewhere.example/page2', call);
    await expect(leak).rejects.toMatchObject({ code: 'target.foreign-link' });
  });

  test('sets references, changes them, and empties them', async () => {
    const { collection, fields, field, to, toFields } = bench.harness.reference;
    const [legacyKey, a, b] = [key(), key(), key()];
    const [keyA, keyB] = [await landed(row(to, a, toFields)), await landed(row(to, b, toFields))];
    const pointing = (targetKey: string | null): TargetDocument =>
      row(collection, legacyKey, fields, [{ field, collection: to.collection, targetKey }]);
    for (const targetKey of [keyA, keyB, null]) {
      await landed(pointing(targetKey));
      expect((await read(collection, legacyKey))?.values[field]).toBe(targetKey);
    }
  });

  test('sets only references in the later pass, and creates nothing', async () => {
    const { collection, fields, field, to, toFields } = bench.harness.reference;
    const [legacyKey, a, absent] = [key(), key(), key()];
    const targetKey = await landed(row(to, a, toFields));
    await landed(row(collection, legacyKey, fields));
    const references = [{ field, collection: to.collection, targetKey }];
    const documents = [row(collection, legacyKey, {}, references), row(collection, absent, {}, references)];
    expect(byKey(await bench.target.writeBatch(documents, 'references', call))).toEqual({
      [legacyKey]: 'updated',
      [absent]: 'refused',
    });
    const found = await read(collection, legacyKey);
    expect(found?.values).toMatchObject({ ...fields, [field]: targetKey });
    expect(await bench.target.findByLegacyKey(collection, [absent], call)).toEqual([]);
  });

  test('refuses a reference to a row that is not there', async () => {
    const { collection, fields, field, to } = bench.harness.reference;
    const targetKey = '00000000-0000-4000-8000-000000000000';
    const outcome = await one(row(collection, key(), fields, [{ field, collection: to.collection, targetKey }]));
    expect(outcome.outcome).toBe('refused');
  });

  test('points a reference of several kinds at each kind, and says which it is', async () => {
    const { collection, fields, field, to } = bench.harness.polymorphic;
    for (const kind of to) {
      const [legacyKey, other] = [key(), key()];
      const targetKey = await landed(row(kind.collection, other, kind.fields));
      await landed(row(collection, legacyKey, fields, [{ field, collection: kind.collection.collection, targetKey }]));
      const found = await read(collection, legacyKey);
      expect(found?.values[field]).toBe(targetKey);
      expect(found?.referenceCollections?.[field]).toBe(kind.collection.collection);
    }
  });

  test('gives the image of rows before they change', async () => {
    const { collection, fields, label } = bench.harness.plain;
    const legacyKey = key();
    const targetKey = await landed(row(collection, legacyKey, { ...fields(1), [label]: 'before' }));
    const images = await bench.target.beforeImage?.(collection, [legacyKey, 'not there'], call);
    expect(images).toEqual([expect.objectContaining({ legacyKey, targetKey })]);
    expect(images?.[0]?.values[label]).toBe('before');
  });

  for (const bytes of [0, 1, 5_000_000]) {
    test(`carries an attachment of ${bytes} bytes there and back`, async () => {
      const { collection, fields, property } = bench.harness.attachment;
      const targetKey = await landed(row(collection, key(), fields));
      expect(await digestOf(await bench.target.openAttachment?.(collection, targetKey, property, call))).toBeNull();
      const content = Buffer.alloc(bytes, 'landfall\0\r\n\u00ff');
      const pieces = async function* (): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < bytes; at += 700_001) yield content.subarray(at, at + 700_001);
      };
      await bench.target.putAttachment?.(
        collection,
        targetKey,
        property,
        { name: 'Anhang “ä”.bin', bytes, content: pieces },
        call,
      );
      const read = await digestOf(await bench.target.openAttachment?.(collection, targetKey, property, call));
      expect(read).toEqual({ bytes, digest: createHash('sha256').update(content).digest('hex') });
    });
  }

  test('computes figures exactly, or says that it cannot', async () => {
    const { collection, fields, sum, by, scale } = bench.harness.figures;
    const keys = Array.from({ length: 6 }, () => key());
    await write(...keys.map((one, n) => row(collection, one, fields(n))));
    const units = (text: string): bigint => {
      const [whole = '', fraction = ''] = text.split('.');
      return BigInt(whole + fraction.padEnd(scale, '0'));
    };
    const due = new Map<string, { count: number; sum: bigint }>();
    for (const { values } of await everything(collection)) {
      const group = String(values[by]);
      const held = due.get(group) ?? { count: 0, sum: 0n };
      due.set(group, { count: held.count + 1, sum: held.sum + units(String(values[sum] ?? '0')) });
    }
    const having = collection.legacyKey;
    const request = { object: collection.collection, having, by: { label: by } };
    const counts = await bench.target.figures?.({ ...request, measure: { kind: 'count' } }, call);
    const sums = await bench.target.figures?.({ ...request, measure: { kind: 'sum', of: sum, scale } }, call);
    if (counts?.kind !== 'rows' || sums?.kind !== 'rows') throw new Error('no figures');
    for (const [group, { count, sum: total }] of due) {
      const of = (rows: typeof counts.rows) => rows.find((one) => String(one.group['label']) === group)?.value;
      expect(Number(of(counts.rows))).toBe(count);
      expect(units(of(sums.rows) ?? '')).toBe(total);
    }
    expect(counts.rows).toHaveLength(due.size);
  });
}

async function digestOf(
  content: AsyncIterable<Uint8Array> | null | undefined,
): Promise<{ bytes: number; digest: string } | null> {
  if (!content) return null;
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of content) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { bytes, digest: hash.digest('hex') };
}
