/** Digits of Windows-1252 between 0x80 and 0x9F; 0 where the page leaves the byte undefined. */
const windows1252 = [
  0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0, 0,
  0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178,
];

const byteAt = `('0x' || substr(hex(bytes), 2 * i + 1, 2))::INTEGER`;
const codePoint = `CASE WHEN page = 'windows-1252' AND b BETWEEN 128 AND 159 THEN [${windows1252.join(', ')}][b - 127] ELSE b END`;

/**
 * Landfall's own functions for mapping SQL. All are pure: the same input gives the same bytes.
 *
 * - `div(x, y, scale, rounding)`: exact division of decimals with up to 12 digits after the point; `half_up`,
 *   `half_even` or `down`. NULL when `y` is zero, so that a required field rejects the row. Raises on overflow.
 * - `local_time(ts, zone, gap, overlap)`: a local time without zone as an instant. A time that the change to summer time
 *   skips, and one that the change back repeats, is taken as `gap` and `overlap` say: `earlier`, `later`, or NULL for
 *   anything else.
 * - `code_page(bytes, page)`: bytes as text; `latin1` or `windows-1252`. NULL when a byte is undefined in that page.
 * - `clean_controls(text)`: without the control characters that XML 1.0, and so most services, cannot carry.
 */
export const macros: readonly string[] = [
  `CREATE MACRO _div_units(n, d, rounding) AS
     sign(n) * sign(d) * (
       abs(n) // abs(d) + CASE
         WHEN rounding = 'down' THEN 0
         WHEN rounding = 'half_up' THEN CASE WHEN 2 * (abs(n) % abs(d)) >= abs(d) THEN 1 ELSE 0 END
         WHEN rounding = 'half_even' THEN CASE
           WHEN 2 * (abs(n) % abs(d)) > abs(d) THEN 1
           WHEN 2 * (abs(n) % abs(d)) = abs(d) THEN (abs(n) // abs(d)) % 2
           ELSE 0 END
         ELSE error('div: rounding must be half_up, half_even or down') END)`,
  // Units of 10^-12, read from the text: a product of decimals would overflow long before the digits do.
  `CREATE MACRO _units(x) AS
     CASE WHEN regexp_matches(CAST(x AS VARCHAR), '\\.\\d{12}0*[1-9]')
       THEN error('div: more than 12 digits after the point')
       ELSE CAST(replace(CAST(CAST(x AS DECIMAL(38, 12)) AS VARCHAR), '.', '') AS HUGEINT) END`,
  `CREATE MACRO div(x, y, digits, rounding) AS
     CASE WHEN y = 0 THEN NULL ELSE CAST(
       CAST(_div_units(_units(x) * CAST(pow(10, digits) AS HUGEINT), _units(y), rounding) AS VARCHAR) || 'e-' || digits
     AS DECIMAL(38, 12)) END`,
  `CREATE MACRO local_time(ts, zone, gap, overlap) AS (
     SELECT CASE
       WHEN t IS NULL THEN NULL
       WHEN timezone(zone, timezone(zone, t)) <> t THEN CASE gap
         WHEN 'later' THEN timezone(zone, t)
         WHEN 'earlier' THEN timezone(zone, t) - INTERVAL 1 HOUR END
       WHEN timezone(zone, timezone(zone, t) - INTERVAL 1 HOUR) = t THEN CASE overlap
         WHEN 'later' THEN timezone(zone, t)
         WHEN 'earlier' THEN timezone(zone, t) - INTERVAL 1 HOUR END
       WHEN timezone(zone, timezone(zone, t) + INTERVAL 1 HOUR) = t THEN CASE overlap
         WHEN 'earlier' THEN timezone(zone, t)
         WHEN 'later' THEN timezone(zone, t) + INTERVAL 1 HOUR END
       ELSE timezone(zone, t) END
     FROM (SELECT CAST(ts AS TIMESTAMP) AS t))`,
  `CREATE MACRO code_page(bytes, page) AS
     CASE
       WHEN bytes IS NULL THEN NULL
       WHEN page NOT IN ('latin1', 'windows-1252') THEN error('code_page: the page must be latin1 or windows-1252')
       WHEN page = 'windows-1252' AND regexp_matches(hex(bytes), '^(..)*(81|8D|8F|90|9D)') THEN NULL
       ELSE coalesce(list_aggregate(list_transform(
         list_transform(range(0, octet_length(bytes)), lambda i: ${byteAt}),
         lambda b: chr(${codePoint})), 'string_agg', ''), '')
     END`,
  `CREATE MACRO clean_controls(txt) AS
     regexp_replace(txt, '[\\x{00}-\\x{08}\\x{0B}\\x{0C}\\x{0E}-\\x{1F}\\x{FFFE}\\x{FFFF}]', '', 'g')`,
];
