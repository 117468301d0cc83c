import { LandfallError } from '../model/errors.ts';
import { identifier, instantText, literal } from '../model/sql.ts';

/** How a field is compared: the text that stands for its value on either side, NULL for no value. */
export interface ComparedField {
  field: string;
  meant: string;
  found: string;
  /** Whether two values are equal exactly where their texts are, so that the column itself can be compared. */
  asItIs: boolean;
}

/** Floating-point numbers are not among them: 0 equals -0, which is written otherwise. */
const sameAsItsText = /^(?:VARCHAR|BOOLEAN|DATE|UUID|TIMESTAMP(?: WITH TIME ZONE)?)$/;

const exactNumber = /^(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|DECIMAL\((\d+),(\d+)\))$/;

/** Digits before and after the point that a type holds; null when it is not an exact number. */
function digitsOf(type: string): { whole: number; scale: number } | null {
  const match = exactNumber.exec(type);
  if (!match) return null;
  const [, precision, scale] = match;
  // 39 digits are more than a decimal holds, so that only what certainly fits is widened.
  if (precision === undefined || scale === undefined) return { whole: type.includes('HUGE') ? 39 : 20, scale: 0 };
  return { whole: Number(precision) - Number(scale), scale: Number(scale) };
}

const Instant = 'TIMESTAMP WITH TIME ZONE';

const text = (expression: string, type = ''): string =>
  type === Instant ? instantText(expression) : `CAST(${expression} AS VARCHAR)`;

/** How a value of a type is written, and nothing that a cast would round, cut or guess. */
function notationOf(type: string): string | null {
  const digits = digitsOf(type);
  if (digits) return `[+-]?\\d*(\\.\\d{0,${digits.scale}}0*)?`;
  switch (type) {
    case 'BOOLEAN':
      return '(?i)true|false';
    case 'DATE':
      return '\\d{4,}-\\d\\d-\\d\\d';
    case Instant:
      return '\\d{4,}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d(:\\d\\d(\\.\\d{0,6}0*)?)?(Z|[+-]\\d\\d(:?\\d\\d)?)';
    default:
      return null;
  }
}

/** What the target gave as text, as the text of the meant type; unchanged where it is not exactly such a value. */
function readExactly(column: string, type: string, notation: string): string {
  const read = `coalesce(${text(`TRY_CAST(${column} AS ${type})`, type)}, ${column})`;
  return `CASE WHEN regexp_full_match(${column}, ${literal(notation)}) THEN ${read} ELSE ${column} END`;
}

/**
 * The texts by which a field of two relations is compared. Equal types compare as they are: texts code point by code
 * point, instants as instants (in UTC, to the microsecond). Exact numbers of different types compare as numbers, and
 * what the target gave as text compares with a typed value only where it is exactly such a value.
 *
 * @param meant the column's type in what was meant, as DuckDB prints it
 * @param found the column's type in what was found
 * @throws LandfallError `compare.types` when the two types cannot be compared exactly
 */
export function comparedField(field: string, meant: string, found: string): ComparedField {
  const column = identifier(field);
  if (meant === found) {
    const asItIs = exactNumber.test(meant) || sameAsItsText.test(meant);
    return { field, meant: text(column, meant), found: text(column, found), asItIs };
  }
  const notation = notationOf(meant);
  if (found === 'VARCHAR' && notation !== null) {
    return { field, meant: text(column, meant), found: readExactly(column, meant, notation), asItIs: false };
  }
  const one = digitsOf(meant);
  const other = digitsOf(found);
  if (one && other) {
    const scale = Math.max(one.scale, other.scale);
    if (Math.max(one.whole, other.whole) + scale <= 38) {
      const wide = text(`CAST(${column} AS DECIMAL(38, ${scale}))`);
      return { field, meant: wide, found: wide, asItIs: false };
    }
  }
  throw new LandfallError({
    code: 'compare.types',
    kind: 'permanent',
    what: `What was meant is ${meant} and what was found is ${found}: these cannot be compared exactly.`,
    where: { field },
    hint: 'Declare in the collection’s shape the type that the target keeps for this field.',
  });
}

/**
 * One number that stands for all compared values of a row: the MD5 of how long each text is and of the texts one after the
 * other, so that no two rows are written the same; where there is no text there is no length. Rows with equal numbers are
 * called equal without looking at their fields.
 */
export function rowHash(texts: readonly string[]): string {
  const lengths = texts.map((one) => `strlen(${one}), ','`);
  return `md5_number(concat(${[...lengths, `':'`, ...texts].join(', ')}))`;
}
