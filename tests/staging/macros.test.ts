import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createDuckBudget } from '../../staging/duckdb/budget.ts';
import { withDuckJob, type DuckJob } from '../../staging/duckdb/job.ts';
import { temporaryFolder } from './open-staging.ts';

const budget = createDuckBudget({ memoryBytes: 256 << 20, threads: 2, slots: 2 });
const Row = z.object({ r: z.string().nullable() });

async function inJob<T>(work: (job: DuckJob) => Promise<T>): Promise<T> {
  return withDuckJob(budget, { purpose: 'a test', scratch: await temporaryFolder() }, work);
}

/** What an expression gives, as text, in a locked job. */
async function valueOf(expression: string, from = ''): Promise<string | null> {
  const row = await inJob((job) => job.one(`SELECT CAST((${expression}) AS VARCHAR) AS r ${from}`, Row));
  return row.r;
}

async function raised(expression: string): Promise<string> {
  const failure = await valueOf(expression).catch((error: unknown) => error);
  return (failure as { confidential: string }).confidential;
}

const Rounding = ['half_up', 'half_even', 'down'] as const;
const unit = 10n ** 12n;

/** Division as it is taught: exact integers, the remainder decides. */
function longDivision(n: bigint, d: bigint, digits: number, rounding: (typeof Rounding)[number]): bigint {
  const abs = (value: bigint): bigint => (value < 0n ? -value : value);
  const scaled = abs(n) * 10n ** BigInt(digits);
  const whole = scaled / abs(d);
  const twice = (scaled % abs(d)) * 2n;
  const up =
    (rounding === 'half_up' && twice >= abs(d)) ||
    (rounding === 'half_even' && (twice > abs(d) || (twice === abs(d) && whole % 2n === 1n)));
  const rounded = (up ? whole + 1n : whole) * 10n ** BigInt(12 - digits);
  return n < 0n === d < 0n ? rounded : -rounded;
}

function decimalText(units: bigint): string {
  const text = String(units < 0n ? -units : units).padStart(13, '0');
  return `${units < 0n ? '-' : ''}${text.slice(0, -12)}.${text.slice(-12)}`;
}

describe('div', () => {
  test.each([
    [`div(1, 3, 4, 'half_up')`, '0.333300000000'],
    [`div(2, 3, 4, 'half_up')`, '0.666700000000'],
    [`div(-2, 3, 4, 'half_up')`, '-0.666700000000'],
    [`div(1, 8, 2, 'half_up')`, '0.130000000000'],
    [`div(1, 8, 2, 'half_even')`, '0.120000000000'],
    [`div(3, 8, 2, 'half_even')`, '0.380000000000'],
    [`div(-1, 8, 2, 'half_even')`, '-0.120000000000'],
    [`div(-1, 8, 2, 'down')`, '-0.120000000000'],
    [`div(7, 2, 0, 'half_even')`, '4.000000000000'],
    [`div(12345678901234567890.12, 3, 2, 'half_up')`, '4115226300411522630.040000000000'],
    [`div('1', '0.4', 2, 'down')`, '2.500000000000'],
    [`div(1, 0, 2, 'down')`, null],
    [`div(1, 0.000, 2, 'down')`, null],
    [`div(NULL, 2, 2, 'down')`, null],
    [`div(2, NULL, 2, 'down')`, null],
  ])('%s is %s', async (expression, expected) => {
    expect(await valueOf(expression)).toBe(expected);
  });

  test.each([
    [`div(99999999999999999999999999.0, 0.01, 2, 'down')`, /Overflow|Out of Range|Could not/],
    [`div(0.1234567890123, 1, 2, 'down')`, /more than 12 digits/],
    [`div(1, 3, 13, 'down')`, /digits must be from 0 to 12/],
    [`div(1, 3, 2, 'up')`, /rounding must be/],
    [`div(CAST(NULL AS INTEGER), 3, 2, 'up')`, /rounding must be/],
  ])('%s raises', async (expression, message) => {
    expect(await raised(expression)).toMatch(message);
  });

  test('is exact for any dividend, divisor, number of digits and rounding', async () => {
    const units = fc.oneof(
      fc.bigInt({ min: -(10n ** 26n), max: 10n ** 26n }),
      fc.bigInt({ min: -1000n, max: 1000n }).map((small) => (small * unit) / 8n),
    );
    const cases = fc.sample(
      fc.record({
        n: units,
        d: units.filter((value) => value !== 0n),
        digits: fc.integer({ min: 0, max: 12 }),
        rounding: fc.constantFrom(...Rounding),
      }),
      { numRuns: 2000, seed: 7 },
    );
    await inJob(async (job) => {
      for (const rounding of Rounding) {
        for (let digits = 0; digits <= 12; digits += 1) {
          const some = cases.filter(
            (one) =>
              one.rounding === rounding &&
              one.digits === digits &&
              longDivision(one.n, one.d, digits, rounding).toString().replace('-', '').length <= 38,
          );
          if (some.length === 0) continue;
          const values = some.map(
            (one) => `(${decimalText(one.n)}::DECIMAL(38, 12), ${decimalText(one.d)}::DECIMAL(38, 12))`,
          );
          const rows = await job.all(
            `SELECT CAST(div(x, y, ${digits}, '${rounding}') AS VARCHAR) AS r FROM (VALUES ${values.join(', ')}) t(x, y)`,
            Row,
          );
          expect(rows.map((row) => row.r)).toEqual(
            some.map((one) => decimalText(longDivision(one.n, one.d, digits, rounding))),
          );
        }
      }
    });
  });

  test('works over aggregates, and over columns named like its own inner names', async () => {
    expect(await valueOf(`div(sum(n), count(*), 2, 'half_up')`, 'FROM (VALUES (1), (2), (2)) t(n)')).toBe(
      '1.670000000000',
    );
    expect(await valueOf(`div(d, n, 2, 'half_up')`, 'FROM (VALUES (1, 4)) t(d, n)')).toBe('0.250000000000');
  });
});

describe('exact_decimal', () => {
  test.each([
    [`'1.50', 1`, '1.500000000000'],
    [`' -7 ', 0`, '-7.000000000000'],
    [`'.5', 1`, '0.500000000000'],
    [`'7.', 0`, '7.000000000000'],
    [`1.500::DECIMAL(5, 3), 1`, '1.500000000000'],
    [`'1.55', 1`, null],
    [`'.5', 0`, null],
    [`1.5::DECIMAL(5, 3), 0`, null],
    [`'1,5', 2`, null],
    [`'1e5', 2`, null],
    [`'', 2`, null],
    [`'.', 2`, null],
    [`'NaN', 2`, null],
    [`'99999999999999999999999999999', 2`, null],
    ['NULL, 2', null],
  ])('(%s) is %s', async (args, expected) => {
    expect(await valueOf(`exact_decimal(${args})`)).toBe(expected);
  });
});

describe('local_time', () => {
  test.each([
    // An ordinary hour, and the edges of the repeated and the skipped one.
    ['2026-07-01 12:00:00', 'Europe/Berlin', 'reject', 'reject', '2026-07-01 10:00:00+00'],
    ['2026-10-25 01:59:59', 'Europe/Berlin', 'reject', 'reject', '2026-10-24 23:59:59+00'],
    ['2026-10-25 02:00:00', 'Europe/Berlin', 'reject', 'reject', null],
    ['2026-10-25 02:30:00', 'Europe/Berlin', 'reject', 'earlier', '2026-10-25 00:30:00+00'],
    ['2026-10-25 02:30:00', 'Europe/Berlin', 'reject', 'later', '2026-10-25 01:30:00+00'],
    ['2026-10-25 03:00:00', 'Europe/Berlin', 'reject', 'reject', '2026-10-25 02:00:00+00'],
    ['2026-03-29 01:59:59', 'Europe/Berlin', 'reject', 'reject', '2026-03-29 00:59:59+00'],
    ['2026-03-29 02:00:00', 'Europe/Berlin', 'reject', 'reject', null],
    ['2026-03-29 02:30:00', 'Europe/Berlin', 'earlier', 'reject', '2026-03-29 00:30:00+00'],
    ['2026-03-29 02:30:00', 'Europe/Berlin', 'later', 'reject', '2026-03-29 01:30:00+00'],
    ['2026-03-29 03:00:00', 'Europe/Berlin', 'reject', 'reject', '2026-03-29 01:00:00+00'],
    // A change by half an hour.
    ['2026-04-05 01:45:00', 'Australia/Lord_Howe', 'reject', 'reject', null],
    ['2026-04-05 01:45:00', 'Australia/Lord_Howe', 'reject', 'earlier', '2026-04-04 14:45:00+00'],
    ['2026-04-05 01:45:00', 'Australia/Lord_Howe', 'reject', 'later', '2026-04-04 15:15:00+00'],
    ['2026-10-04 02:15:00', 'Australia/Lord_Howe', 'earlier', 'reject', '2026-10-03 15:15:00+00'],
    // A whole day that Samoa skipped.
    ['2011-12-30 12:00:00', 'Pacific/Apia', 'reject', 'reject', null],
    ['2011-12-30 12:00:00', 'Pacific/Apia', 'earlier', 'reject', '2011-12-29 22:00:00+00'],
    ['2011-12-30 12:00:00', 'Pacific/Apia', 'later', 'reject', '2011-12-30 22:00:00+00'],
    // Winter time of negative saving, local mean time, no zone at all, and the end of time.
    ['2026-10-25 01:30:00', 'Europe/Dublin', 'reject', 'later', '2026-10-25 01:30:00+00'],
    ['1800-01-01 00:00:00', 'Europe/Berlin', 'reject', 'reject', '1799-12-31 23:06:32+00'],
    ['2026-03-29 02:30:00', 'UTC', 'reject', 'reject', '2026-03-29 02:30:00+00'],
    ['2026-07-01 12:00:00.123456', 'Asia/Kolkata', 'reject', 'reject', '2026-07-01 06:30:00.123456+00'],
    ['infinity', 'Europe/Berlin', 'reject', 'reject', 'infinity'],
  ])('%s in %s with gap %s and overlap %s is %s', async (local, zone, gap, overlap, expected) => {
    expect(await valueOf(`local_time(TIMESTAMP '${local}', '${zone}', '${gap}', '${overlap}')`)).toBe(expected);
  });

  test('is the same under every policy where a time is shown once', async () => {
    const zones = [
      'Europe/Berlin',
      'Australia/Lord_Howe',
      'Pacific/Apia',
      'America/St_Johns',
      'Africa/Casablanca',
      'UTC',
    ];
    const policies = ['earlier', 'later', 'reject'].flatMap((gap) =>
      ['earlier', 'later', 'reject'].map((overlap) => `local_time(t, '{zone}', '${gap}', '${overlap}')`),
    );
    const Found = z.object({ rows: z.coerce.number(), once: z.coerce.number(), same: z.coerce.number() });
    const found = await inJob(async (job) => {
      const each: z.infer<typeof Found>[] = [];
      for (const zone of zones) {
        const [, ...others] = policies.toReversed().map((one) => one.replace('{zone}', zone));
        const alike = others.map((one) => `${one} = once`).join(' AND ');
        each.push(
          await job.one(
            `SELECT count(*) AS rows, count(once) AS once, count(*) FILTER (${alike}) AS same
               FROM (SELECT t, local_time(t, '${zone}', 'reject', 'reject') AS once
                 FROM (SELECT TIMESTAMP '2011-12-25' + INTERVAL (101 * range) MINUTE AS t FROM range(11_000)))`,
            Found,
          ),
        );
      }
      return each;
    });
    for (const { rows, once, same } of found) {
      expect(same).toBe(once);
      expect(once).toBeGreaterThan(rows * 0.99);
    }
    expect(found.map(({ rows, once }) => rows > once)).toEqual([true, true, true, true, true, false]);
  });

  test('takes a date for its midnight, and NULL for NULL', async () => {
    expect(await valueOf(`local_time(DATE '2026-01-01', 'Europe/Berlin', 'reject', 'reject')`)).toBe(
      '2025-12-31 23:00:00+00',
    );
    expect(await valueOf(`local_time(NULL, 'Europe/Berlin', 'reject', 'reject')`)).toBeNull();
  });

  test('raises for a zone or policy that there is none of, even over NULL', async () => {
    const none = 'CAST(NULL AS TIMESTAMP)';
    expect(await raised(`local_time(${none}, 'Mars/Base', 'later', 'later')`)).toContain('Mars/Base');
    expect(await raised(`local_time(${none}, 'Europe/Berlin', 'nonsense', 'later')`)).toContain('gap must be');
    expect(await raised(`local_time(${none}, 'Europe/Berlin', 'later', 'nonsense')`)).toContain('overlap must be');
  });
});

describe('code_page', () => {
  let every: Buffer;
  beforeAll(() => {
    every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  });

  test.each(['latin1', 'windows-1252'])('reads every byte of %s as the encoding standard does', async (page) => {
    const undefinedBytes = page === 'latin1' ? [] : [0x81, 0x8d, 0x8f, 0x90, 0x9d];
    const defined = every.filter((byte) => !undefinedBytes.includes(byte));
    const expected =
      page === 'latin1' ? Buffer.from(defined).toString('latin1') : new TextDecoder(page).decode(defined);
    expect(await valueOf(`code_page(unhex('${Buffer.from(defined).toString('hex')}'), '${page}')`)).toBe(expected);
    for (const byte of undefinedBytes) {
      expect(await valueOf(`code_page(unhex('41${byte.toString(16)}42'), '${page}')`)).toBeNull();
    }
  });

  test('does not mistake two halves of bytes for an undefined one', async () => {
    expect(await valueOf(`code_page(unhex('1810'), 'windows-1252')`)).toBe('\u0018\u0010');
  });

  test('keeps nothing apart from nothing, and works over columns named like its own inner names', async () => {
    expect(await valueOf(`code_page(''::BLOB, 'latin1')`)).toBe('');
    expect(await valueOf(`code_page(CAST(NULL AS BLOB), 'latin1')`)).toBeNull();
    expect(
      await valueOf(`code_page(i, 'latin1') || code_page(b, 'latin1')`, `FROM (SELECT 'i'::BLOB AS i, 'b'::BLOB AS b)`),
    ).toBe('ib');
  });

  test('raises for a page that it does not know, even over NULL', async () => {
    expect(await raised(`code_page(CAST(NULL AS BLOB), 'ibm850')`)).toContain('latin1 or windows-1252');
  });
});

describe('clean_controls', () => {
  test('removes what XML cannot carry and nothing else', async () => {
    const text = (codes: number[]): string => codes.map((code) => `chr(${code})`).join(' || ');
    const controls = [...Array.from({ length: 32 }, (_, code) => code), 0xfffe, 0xffff];
    expect(await valueOf(`clean_controls('a' || ${text(controls)} || 'b')`)).toBe('a\t\n\rb');
    const kept = [0x20, 0x7f, 0x85, 0xa0, 0x200d, 0xfffd, 0x1f600];
    expect(await valueOf(`clean_controls(${text(kept)})`)).toBe(String.fromCodePoint(...kept));
    expect(await valueOf('clean_controls(NULL)')).toBeNull();
  });
});

test('all of them give the same bytes again, whatever the order and the threads', async () => {
  const digest = (seed: number): Promise<string | null> =>
    inJob(async (job) => {
      const source = `(SELECT range AS n FROM range(20_000) ORDER BY hash(range + ${seed}))`;
      const row = await job.one(
        `SELECT md5(string_agg(concat_ws('|', div(n, 7, 6, 'half_even'), exact_decimal(n || '.5', 1),
           local_time(TIMESTAMP '2026-01-01' + INTERVAL (n) MINUTE, 'Europe/Berlin', 'later', 'earlier'),
           code_page(encode('é' || n), 'windows-1252'), clean_controls('x' || chr(7) || n)), ',' ORDER BY n)) AS r FROM ${source}`,
        Row,
      );
      return row.r;
    });
  expect(await digest(1)).toBe(await digest(2));
});
