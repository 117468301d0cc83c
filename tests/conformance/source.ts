import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChunkBounds, LeaseRef, ReadRequest, SnapshotLease, Source } from '../../connectors/port.ts';
import { LandfallError } from '../../model/errors.ts';
import type { SourceHarness, SourceMistake, TableSpec, Value } from './source-harness.ts';
import { sourceWaivers } from './source-waivers.ts';

const all: ChunkBounds = { number: 0, from: null, to: null };

/** What every source connector must do, whichever system stands behind it. */
export function sourceConformance(name: string, start: () => Promise<SourceHarness>): void {
  const waived = sourceWaivers[name] ?? {};
  const met = new Set<string>();
  const define = (title: string, body: () => Promise<void>): void => {
    const reason = waived[title];
    met.add(title);
    const run: (title: string, body: () => Promise<void>, timeoutMs: number) => void =
      reason === undefined ? it : it.fails;
    run(reason === undefined ? title : `${title} (waived: ${reason})`, body, 30_000);
  };

  describe(`source ${name}`, () => {
    let harness: SourceHarness;
    let source: Source;
    let tables = 0;

    beforeAll(async () => {
      harness = await start();
      source = await harness.open();
    }, 60_000);
    afterAll(async () => {
      await source.close();
      await harness.stop();
    });

    const numbers = (n: number, from = 1): Value[][] => Array.from({ length: n }, (_, i) => [from + i, `v${from + i}`]);
    const made = async (spec: Omit<TableSpec, 'name'>): Promise<{ spec: TableSpec; request: ReadRequest }> => {
      tables += 1;
      const table = { ...spec, name: `t${tables}` };
      const object = await harness.create(table);
      const [described] = await source.describe([object]);
      const key = spec.key ?? Object.keys(spec.columns).slice(0, 1);
      return { spec: table, request: { object, key, columns: described?.columns ?? [] } };
    };
    const plain = (n: number): ReturnType<typeof made> =>
      made({ columns: { id: 'integer', v: 'text' }, key: ['id'], rows: numbers(n) });
    const chunks = async (request: ReadRequest, rows: number, lease?: LeaseRef): Promise<ChunkBounds[]> => {
      const found: ChunkBounds[] = [];
      for await (const chunk of source.planChunks(request, rows, lease)) found.push(chunk);
      return found;
    };
    const lease = async (): Promise<SnapshotLease> => {
      const held = await source.openLease?.();
      if (!held) throw new Error('the source has no snapshots');
      return held;
    };
    /** Reads every chunk, and proves each with the source's own count. */
    const readAll = async (request: ReadRequest, rows: number): Promise<Record<string, string | null>[]> => {
      const found: Record<string, string | null>[] = [];
      for (const chunk of await chunks(request, rows)) {
        const staged = await harness.read(source, request, chunk);
        expect(staged.length).toBe(await source.countChunk(request, chunk));
        expect(staged.length).toBeLessThanOrEqual(rows);
        found.push(...staged);
      }
      return found;
    };

    define('answers, and says what it is', async () => {
      const { product, version } = await source.ping();
      expect(product).toMatch(/\w/);
      expect(version).toMatch(/\d/);
    });

    for (const mistake of ['host', 'port', 'database', 'user', 'password'] satisfies SourceMistake[]) {
      define(`says so when the ${mistake} of the connection is wrong, with a remedy and without a secret`, async () => {
        const wrong = await harness.open(mistake);
        const error: unknown = await wrong.ping().then(
          () => null,
          (thrown: unknown) => thrown,
        );
        await wrong.close();
        expect(error).toBeInstanceOf(LandfallError);
        const { what, hint, where, kind } = error as LandfallError;
        expect(hint).toMatch(/\w{4}/);
        expect(where).toHaveProperty('connection');
        expect(kind).toBe(mistake === 'host' || mistake === 'port' ? 'transient' : kind);
        for (const secret of harness.secrets) expect(JSON.stringify([what, hint, where])).not.toContain(secret);
      });
    }

    define('describes columns and keys, and notices when a table has become another', async () => {
      const { spec, request } = await plain(3);
      const [before] = await source.describe([request.object]);
      expect(before?.columns.map((column) => column.name)).toEqual(['id', 'v']);
      expect(before?.uniqueKeys[0]).toEqual(['id']);
      const other = await harness.create({
        ...spec,
        name: `${spec.name}b`,
        columns: { id: 'integer', v: 'uuid' },
        rows: [],
      });
      const [after] = await source.describe([other]);
      expect(after?.fingerprint).not.toBe(before?.fingerprint);
    });

    define('names the nearest table when one is missing', async () => {
      const { request } = await plain(1);
      const missing = source.describe([`${request.object}x`]);
      await expect(missing).rejects.toMatchObject({
        code: 'source.missing-table',
        hint: expect.stringContaining(request.object.replaceAll('"', '')),
      });
    });

    define('reads every row once, whatever the keys: gaps and skew', async () => {
      const keys = fc.uniqueArray(fc.integer({ min: -2_000_000_000, max: 2_000_000_000 }), {
        minLength: 1,
        maxLength: 60,
      });
      await fc.assert(
        fc.asyncProperty(keys, fc.integer({ min: 1, max: 20 }), async (ids, size) => {
          const { request } = await made({ columns: { id: 'integer' }, key: ['id'], rows: ids.map((id) => [id]) });
          const read = await readAll(request, size);
          const up = (a: number, b: number): number => a - b;
          expect(read.map((row) => Number(row['id'])).toSorted(up)).toEqual(ids.toSorted(up));
        }),
        { numRuns: 6 },
      );
    });

    define('reads every row once, whatever the keys: texts of every script, quotes and spaces', async () => {
      const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }).filter((one) => !one.includes('\0'));
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(text, { minLength: 1, maxLength: 40 }),
          fc.integer({ min: 1, max: 15 }),
          async (keys, size) => {
            const { request } = await made({ columns: { k: 'text' }, key: ['k'], rows: keys.map((key) => [key]) });
            const read = await readAll(request, size);
            expect(read.map((row) => row['k'] ?? '').toSorted()).toEqual(keys.toSorted());
          },
        ),
        { numRuns: 6 },
      );
    });

    define('follows a key of several columns', async () => {
      const rows = Array.from({ length: 300 }, (_, i) => [Math.floor(i / 7), crypto.randomUUID(), i]);
      const columns = { a: 'integer', b: 'uuid', n: 'integer' } as const;
      const { request } = await made({ columns, key: ['a', 'b'], rows });
      expect(new Set((await readAll(request, 45)).map((row) => row['n'])).size).toBe(300);
    });

    define('has one chunk, open at both ends, for a table that is empty, and reads a single row', async () => {
      const empty = await plain(0);
      expect(await chunks(empty.request, 10)).toEqual([all]);
      expect(await harness.read(source, empty.request, all)).toEqual([]);
      const single = await plain(1);
      expect(await readAll(single.request, 10)).toEqual([{ id: '1', v: 'v1' }]);
    });

    define('refuses a key that is not one, because it repeats or is empty', async () => {
      const loose = { columns: { id: 'integer' } as const };
      const twice = await made({ ...loose, rows: [[1], [1], [2]] });
      await expect(chunks(twice.request, 10)).rejects.toMatchObject({ code: 'source.duplicate-key' });
      const none = await made({ ...loose, rows: [[1], [null]] });
      await expect(chunks(none.request, 10)).rejects.toMatchObject({ code: 'source.null-key' });
    });

    define('reads tables and columns whose names have to be quoted', async () => {
      const column = `the "${harness.awkward}" column`;
      const spec = {
        name: harness.awkward,
        columns: { id: 'integer', [column]: 'text' } as const,
        key: ['id'],
        rows: [[1, 'x']],
      };
      const object = await harness.create(spec);
      const [described] = await source.describe([object]);
      const request = { object, key: ['id'], columns: described?.columns ?? [] };
      expect(await readAll(request, 10)).toEqual([{ id: '1', [column]: 'x' }]);
    });

    define('keeps every digit, every code point, and nothing apart from empty', async () => {
      const values: Value[][] = [
        [1, '12345678901234567890.0123456789', 'naïve 漢字 👩‍👩‍👧 e\u0301'],
        [2, '-0.0000000001', ' two  spaces '],
        [3, null, null],
        [4, '0', ''],
      ];
      const columns = { id: 'integer', d: 'decimal', x: 'text' } as const;
      const { request } = await made({ columns, key: ['id'], rows: values });
      const read = await harness.read(source, request, all);
      expect(read.toSorted((a, b) => Number(a['id']) - Number(b['id']))).toEqual([
        { id: '1', d: '12345678901234567890.0123456789', x: 'naïve 漢字 👩‍👩‍👧 e\u0301' },
        { id: '2', d: '-0.0000000001', x: ' two  spaces ' },
        { id: '3', d: null, x: null },
        { id: '4', d: expect.stringMatching(/^0(\.0+)?$/), x: '' },
      ]);
    });

    define('shows every reader of a lease one state, whatever is written meanwhile', async () => {
      const { spec, request } = await plain(100);
      const held = await lease();
      await harness.insert(spec, numbers(50, 101));
      await harness.remove(spec, 7);
      await harness.update(spec, 8, { v: 'changed' });
      expect(await source.countChunk(request, all, held)).toBe(100);
      const read = await harness.read(source, request, all, held);
      expect(read).toHaveLength(100);
      expect(read.find((row) => row['id'] === '8')).toMatchObject({ v: 'v8' });
      expect(await source.countChunk(request, all)).toBe(149);
      await held.release();
    });

    define('tells when a lease is lost, and that it cannot be read any more', async () => {
      const held = await lease();
      expect(await source.isAlive?.(held)).toBe(true);
      await harness.endLeases();
      expect((await held.lost).code).toBe('source.lease-lost');
      expect(await source.isAlive?.(held)).toBe(false);
    });

    define('proves of each chunk of an earlier state whether it would read the same now', async () => {
      const { spec, request } = await plain(40);
      const cut = await chunks(request, 10);
      const before = await lease();
      await before.release();
      await harness.update(spec, 5, { v: 'new' });
      await harness.remove(spec, 15);
      await harness.insert(spec, [[1000, 'x']]);
      const now = await lease();
      const verdicts: unknown[] = [];
      for (const chunk of cut) {
        verdicts.push(await source.stillStands?.(request, chunk, { position: before.position, rows: 10 }, now));
      }
      await now.release();
      expect(verdicts).toEqual([false, false, true, false]);
    });

    define('notices a row that went and another that came in its place', async () => {
      const { spec, request } = await plain(10);
      const before = await lease();
      await before.release();
      await harness.remove(spec, 3);
      await harness.insert(spec, [[3, 'another']]);
      const now = await lease();
      expect(await source.stillStands?.(request, all, { position: before.position, rows: 10 }, now)).toBe(false);
      await now.release();
    });

    define('states its position without a lease in the words of one', async () => {
      const { request } = await plain(5);
      const position = (await source.position?.()) ?? '';
      const now = await lease();
      expect(await source.stillStands?.(request, all, { position, rows: 5 }, now)).toBe(true);
      await now.release();
    });

    define('computes figures exactly, in groups, in the state of a lease', async () => {
      const columns = { id: 'integer', c: 'text', v: 'decimal' } as const;
      const rows: Value[][] = [
        [1, 'CHF', '0.1'],
        [2, 'CHF', '0.2'],
        [3, null, '12345678901234567890.0000000001'],
      ];
      const { spec, request } = await made({ columns, key: ['id'], rows });
      const held = await lease();
      await harness.insert(spec, [[4, 'CHF', '100']]);
      const sum = {
        object: request.object,
        by: { currency: 'c' },
        measure: { kind: 'sum', of: 'v', scale: 10 },
      } as const;
      const answer = await source.figures?.(sum, held);
      await held.release();
      const values = answer?.kind === 'rows' ? answer.rows.map((row) => [row.group['currency'], row.value]) : [];
      expect(new Map(values as [string | null, string][])).toEqual(
        new Map([
          ['CHF', expect.stringMatching(/^0\.30*$/)],
          [null, '12345678901234567890.0000000001'],
        ]),
      );
    });

    define('streams an attachment whole; none is none, and empty is empty', async () => {
      const large = new Uint8Array(2_500_000).fill(0xab);
      const columns = { id: 'integer', f: 'bytes' } as const;
      const rows = [
        [1, null],
        [2, new Uint8Array(0)],
        [3, large],
      ] as const;
      const { request } = await made({ columns, key: ['id'], rows });
      const sizes: (number | null)[] = [];
      for (const id of ['1', '2', '3']) {
        const stream = await source.openAttachment?.({ object: request.object, key: ['id'], column: 'f' }, [id]);
        let size = 0;
        if (stream) for await (const piece of stream) size += piece.length;
        sizes.push(stream ? size : null);
      }
      expect(sizes).toEqual([null, 0, 2_500_000]);
    });

    it('has no waiver for a test that is not there', () => {
      expect(Object.keys(waived).filter((title) => !met.has(title))).toEqual([]);
    });
  });
}
