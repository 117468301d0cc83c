import { expect } from 'vitest';
import type { TargetDocument } from '../../connectors/port.ts';
import { row, type Bench, type Define } from './target-bench.ts';

/** What a target says of rows and documents, and that it is true. */
export function writing(test: Define, bench: Bench): void {
  const { call, key, write, one, landed, read, copies, byKey } = bench;

  test('tells created and updated apart, and two writes of a key are one row', async () => {
    const { collection, fields } = bench.harness.plain;
    const legacyKey = key();
    const first = await one(row(collection, legacyKey, fields(1)));
    const second = await one(row(collection, legacyKey, fields(2)));
    expect([first.outcome, second.outcome]).toEqual(['created', 'updated']);
    expect(second).toMatchObject({ targetKey: 'targetKey' in first ? first.targetKey : '' });
    expect(await copies(collection, legacyKey)).toBe(1);
  });

  for (const tail of [
    "'",
    "''",
    '/',
    '%',
    '%27',
    '%2F',
    '?',
    '#',
    '&',
    '+',
    ' ',
    '=',
    ',',
    ')',
    '"',
    '\\',
    'é',
    '日本',
    '🙂',
  ]) {
    test(`writes, finds and reads back a key that holds ${JSON.stringify(tail)}`, async () => {
      const { collection, fields } = bench.harness.plain;
      const legacyKey = `${key()}-${tail}-z`;
      const targetKey = await landed(row(collection, legacyKey, fields(1)));
      if (collection.write === 'upsert') {
        expect((await one(row(collection, legacyKey, fields(2)))).outcome).toBe('updated');
      }
      expect(await bench.target.findByLegacyKey(collection, [legacyKey, 'not there'], call)).toEqual([
        { legacyKey, targetKey },
      ]);
      expect((await read(collection, legacyKey))?.targetKey).toBe(targetKey);
    });
  }

  test('lets a refused row in the middle harm none of its neighbours', async () => {
    const { collection, fields, refused } = bench.harness.plain;
    const keys = Array.from({ length: 9 }, () => key());
    const outcomes = await write(...keys.map((one, n) => row(collection, one, n === 4 ? refused : fields(n))));
    expect(byKey(outcomes)).toEqual(Object.fromEntries(keys.map((one, n) => [one, n === 4 ? 'refused' : 'created'])));
    const refusal = outcomes.find((outcome) => outcome.outcome === 'refused');
    expect(refusal).toMatchObject({ code: expect.stringMatching(/./), message: expect.stringMatching(/./) });
    expect(await bench.target.findByLegacyKey(collection, [keys[4] ?? ''], call)).toEqual([]);
  });

  test('gives every row of a large batch exactly one outcome', async () => {
    const { collection, fields } = bench.harness.plain;
    const keys = Array.from({ length: bench.target.batchLimit }, () => key());
    const outcomes = await write(...keys.map((one, n) => row(collection, one, fields(n))));
    expect(outcomes.map((outcome) => outcome.legacyKey).toSorted()).toEqual(keys.toSorted());
    expect(new Set(outcomes.map((outcome) => outcome.outcome))).toEqual(new Set(['created']));
  });

  const documentOf = (legacyKey: string, lineKeys: string[], refusedAt = -1): TargetDocument => {
    const { header, headerFields, lines, lineFields, refusedLine, reference } = bench.harness.document;
    const references = [{ field: reference, collection: header.collection, targetKey: null, toHeader: true as const }];
    return {
      ...row(header, legacyKey, headerFields),
      lines: {
        collection: lines,
        rows: lineKeys.map((one, n) => ({
          legacyKey: one,
          body: JSON.stringify(n === refusedAt ? refusedLine : lineFields(n)),
          references,
        })),
      },
    };
  };

  test('writes a document with its lines, which point at their header', async () => {
    const { lines, reference } = bench.harness.document;
    const [header, ...rest] = [key(), key(), key()];
    const outcomes = await write(documentOf(header, rest));
    expect(byKey(outcomes)).toEqual(Object.fromEntries([header, ...rest].map((one) => [one, 'created'])));
    const written = outcomes.find((outcome) => outcome.legacyKey === header);
    const line = await read(lines, rest[1] ?? '');
    expect(line?.values[reference]).toBe(written && 'targetKey' in written ? written.targetKey : null);
    // A target that looks before it writes may say that nothing had to be changed.
    for (const { outcome } of await write(documentOf(header, rest)))
      expect(['updated', 'unchanged']).toContain(outcome);
  });

  test('writes a document whose header’s key holds reserved characters', async () => {
    const [header, line] = [key("-'/%&é"), key("-'/%&é")];
    const outcomes = await write(documentOf(header, [line]));
    expect(byKey(outcomes)).toEqual({ [header]: 'created', [line]: 'created' });
  });

  test('lets a document fall as a whole, and only that document', async () => {
    const { header, lines } = bench.harness.document;
    const keys = Array.from({ length: 6 }, () => key());
    const [goodHeader = '', goodLine = '', badHeader = '', badFirst = '', badLast = '', after = ''] = keys;
    const outcomes = await write(
      documentOf(goodHeader, [goodLine]),
      documentOf(badHeader, [badFirst, badLast], 1),
      documentOf(after, []),
    );
    expect(byKey(outcomes)).toEqual({
      [goodHeader]: 'created',
      [goodLine]: 'created',
      [badHeader]: 'refused',
      [badFirst]: 'refused',
      [badLast]: 'refused',
      [after]: 'created',
    });
    expect(await bench.target.findByLegacyKey(header, [badHeader], call)).toEqual([]);
    expect(await bench.target.findByLegacyKey(lines, [badFirst, badLast], call)).toEqual([]);
  });

  test('creates rows that the target cannot upsert, and finds them again', async () => {
    const { collection, fields } = bench.harness.createOnly;
    const legacyKey = key("/'%");
    const outcome = await one(row(collection, legacyKey, fields));
    expect(outcome.outcome).toBe('created');
    const targetKey = 'targetKey' in outcome ? outcome.targetKey : '';
    expect(await bench.target.findByLegacyKey(collection, [legacyKey], call)).toEqual([{ legacyKey, targetKey }]);
  });
}
