/** Digits of Windows-1252 between 0x80 and 0x9F; 0 where the page leaves the byte undefined. */
const windows1252 = [
  0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0, 0,
  0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178,
];

const byteAt = `('0x' || substr(hex(bytes), 2 * _byte_at + 1, 2))::INTEGER`;
const codePoint = `CASE WHEN page = 'windows-1252' AND _byte BETWEEN 128 AND 159 THEN [${windows1252.join(', ')}][_byte - 127] ELSE _byte END`;

/** Units of the smallest digit that division keeps, in one. */
const Unit = '1000000000000';

/** Raises, by a cast that cannot be: DuckDB's TRY, which holds back the one row, takes no expression with `error()` in it. */
const raise = (message: string, type: string): string =>
  `CAST(CAST(CAST(${message} AS BOOLEAN) AS VARCHAR) AS ${type})`;
const Exact = 'DECIMAL(38, 12)';

/**
 * Landfall's own functions for mapping SQL. All are pure: the same input gives the same bytes. An argument that no data
 * can make right (a rounding, policy, zone or page that there is none of) raises even over NULL, so that `check` finds it.
 *
 * - `div(x, y, digits, rounding)`: exact division of decimals with up to 12 digits after the point; `half_up`,
 *   `half_even` or `down`. NULL when `y` is zero, so that a required field rejects the row. Raises on overflow.
 * - `exact_decimal(x, digits)`: a text or number as a decimal; NULL when it is not a plain number, or has more than
 *   `digits` (at most 12) digits after the point that are not zero, or more than 26 before it.
 * - `local_time(ts, zone, gap, overlap)`: a local time without zone as an instant. A time that the change to summer time
 *   skips, and one that the change back repeats, is taken as `gap` and `overlap` say: `earlier`, `later`, or `reject`,
 *   which gives NULL. Finds an instant's candidates as ECMAScript's Temporal does, from the offsets a day before and a
 *   day after, so that changes by half an hour and by a whole day are right too.
 * - `code_page(bytes, page)`: bytes as text; `latin1` or `windows-1252`. NULL when a byte is undefined in that page.
 * - `clean_controls(text)`: without the control characters that XML 1.0, and so most services, cannot carry.
 */
export const macros: readonly string[] = [
  // The type is known when a statement is bound, so that numbers which cannot have more digits are never looked at as text.
  `CREATE MACRO _exact(x) AS
     CASE
       WHEN regexp_full_match(typeof(x), 'U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\\(\\d+,(\\d|1[0-2])\\)') THEN CAST(x AS DECIMAL(38, 12))
       WHEN regexp_matches(CAST(x AS VARCHAR), '\\.\\d{12}0*[1-9]') THEN ${raise(`'div: more than 12 digits after the point: ' || CAST(x AS VARCHAR)`, Exact)}
       ELSE CAST(x AS DECIMAL(38, 12)) END`,
  // Units of 10^-12 as an integer and back, in two halves: a product of decimals would overflow long before the digits do.
  `CREATE MACRO _units(v) AS
     CAST(trunc(v) AS HUGEINT) * ${Unit} + CAST(CAST(v - trunc(v) AS DECIMAL(25, 12)) * CAST(${Unit} AS DECIMAL(13, 0)) AS HUGEINT)`,
  `CREATE MACRO _decimal(units) AS
     CAST(units // ${Unit} AS DECIMAL(38, 12)) + CAST(units % ${Unit} AS DECIMAL(12, 0)) * CAST(0.000000000001 AS DECIMAL(13, 12))`,
  `CREATE MACRO _rounded(whole, rest, d, rounding) AS
     whole + CASE
       WHEN rounding = 'down' THEN 0
       WHEN rounding = 'half_up' THEN CASE WHEN rest >= d - rest THEN 1 ELSE 0 END
       WHEN rest > d - rest THEN 1
       WHEN rest = d - rest THEN whole % 2
       ELSE 0 END`,
  // By way of the remainder, because the dividend times a power of ten would overflow long before the result does. The
  // lists of one are there to name what is used more than once: a macro repeats its arguments' work, a lambda does not.
  `CREATE MACRO _div(n, d, digits, rounding) AS
     list_transform([{'n': n, 'd': d, 'ten': CAST('1e' || digits AS HUGEINT)}], lambda _div_a:
       list_transform([{
         'whole': (abs(_div_a.n) // abs(_div_a.d)) * _div_a.ten + (abs(_div_a.n) % abs(_div_a.d)) * _div_a.ten // abs(_div_a.d),
         'rest': (abs(_div_a.n) % abs(_div_a.d)) * _div_a.ten % abs(_div_a.d),
         'd': abs(_div_a.d), 'sign': sign(_div_a.n) * sign(_div_a.d)}], lambda _div_b:
         _decimal(_div_b.sign * _rounded(_div_b.whole, _div_b.rest, _div_b.d, rounding) * CAST('1e' || (12 - digits) AS HUGEINT)))[1])[1]`,
  `CREATE MACRO div(x, y, digits, rounding) AS
     CASE
       WHEN rounding IS NULL OR rounding NOT IN ('half_up', 'half_even', 'down')
         THEN ${raise(`'div: rounding must be half_up, half_even or down'`, Exact)}
       WHEN digits IS NULL OR digits NOT BETWEEN 0 AND 12 THEN ${raise(`'div: digits must be from 0 to 12'`, Exact)}
       WHEN _exact(y) = 0 THEN NULL
       ELSE _div(_units(_exact(x)), _units(_exact(y)), digits, rounding) END`,
  `CREATE MACRO exact_decimal(x, digits) AS
     CASE
       WHEN digits IS NULL OR digits NOT BETWEEN 0 AND 12 THEN ${raise(`'exact_decimal: digits must be from 0 to 12'`, Exact)}
       WHEN regexp_full_match(CAST(x AS VARCHAR), '\\s*[+-]?(?:\\d+|(?:\\d*\\.\\d{0,' || digits || '}0*))\\s*')
       THEN TRY_CAST(CAST(x AS VARCHAR) AS DECIMAL(38, 12)) END`,
  // The same microseconds as an instant: `timezone('UTC', t)` asks a calendar for what is known.
  `CREATE MACRO _utc(t) AS make_timestamptz(epoch_us(t))`,
  `CREATE MACRO _at_offset(t, zone, near) AS
     t - (timezone(zone, _utc(t + near)) - (t + near))`,
  `CREATE MACRO _shows(utc, zone, t) AS timezone(zone, _utc(utc)) = t`,
  // Mostly no change is near, and there is nothing to choose. The rest would come to the same, by asking four times more.
  `CREATE MACRO _local_time(t, before, after, zone, gap, overlap) AS
     CASE
       WHEN before = after AND gap <> 'reject' THEN before
       WHEN _shows(before, zone, t) AND _shows(after, zone, t) THEN
         CASE WHEN before = after OR overlap = 'earlier' THEN least(before, after) WHEN overlap = 'later' THEN greatest(before, after) END
       WHEN _shows(before, zone, t) THEN before
       WHEN _shows(after, zone, t) THEN after
       WHEN gap = 'later' THEN greatest(before, after)
       WHEN gap = 'earlier' THEN least(before, after) END`,
  `CREATE MACRO local_time(ts, zone, gap, overlap) AS
     CASE
       WHEN gap IS NULL OR gap NOT IN ('earlier', 'later', 'reject') THEN ${raise(`'local_time: gap must be earlier, later or reject'`, 'TIMESTAMPTZ')}
       WHEN overlap IS NULL OR overlap NOT IN ('earlier', 'later', 'reject') THEN ${raise(`'local_time: overlap must be earlier, later or reject'`, 'TIMESTAMPTZ')}
       WHEN timezone(zone, TIMESTAMP '2000-01-01') IS NULL THEN NULL
       WHEN NOT isfinite(CAST(ts AS TIMESTAMP)) THEN timezone('UTC', CAST(ts AS TIMESTAMP))
       WHEN zone = 'UTC' THEN _utc(CAST(ts AS TIMESTAMP))
       ELSE _utc(_local_time(
         CAST(ts AS TIMESTAMP),
         _at_offset(CAST(ts AS TIMESTAMP), zone, -INTERVAL 1 DAY),
         _at_offset(CAST(ts AS TIMESTAMP), zone, INTERVAL 1 DAY),
         zone, gap, overlap)) END`,
  `CREATE MACRO code_page(bytes, page) AS
     CASE
       WHEN page IS NULL OR page NOT IN ('latin1', 'windows-1252') THEN ${raise(`'code_page: the page must be latin1 or windows-1252'`, 'VARCHAR')}
       WHEN bytes IS NULL THEN NULL
       WHEN page = 'windows-1252' AND regexp_matches(hex(bytes), '^(..)*(81|8D|8F|90|9D)') THEN NULL
       ELSE coalesce(list_aggregate(list_transform(
         list_transform(range(0, octet_length(bytes)), lambda _byte_at: ${byteAt}),
         lambda _byte: chr(${codePoint})), 'string_agg', ''), '')
     END`,
  `CREATE MACRO clean_controls(txt) AS
     regexp_replace(txt, '[\\x{00}-\\x{08}\\x{0B}\\x{0C}\\x{0E}-\\x{1F}\\x{FFFE}\\x{FFFF}]', '', 'g')`,
];
