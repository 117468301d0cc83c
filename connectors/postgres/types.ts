import { quoted } from './names.ts';

/** How one native type is staged: the DuckDB type, and the cast in the source where the type itself would lose something. */
export interface TypeRule {
  stagedType: string;
  /** SQL in the source; `x` is the column. */
  cast?: (x: string) => string;
  reason?: string;
}

const text = (x: string): string => `${x}::text`;
const asText = (reason: string): TypeRule => ({ stagedType: 'VARCHAR', cast: text, reason });

/** Types that arrive exactly as they are, tried value by value. */
const exact: Record<string, string> = {
  bool: 'BOOLEAN',
  int2: 'SMALLINT',
  int4: 'INTEGER',
  int8: 'BIGINT',
  float4: 'FLOAT',
  float8: 'DOUBLE',
  text: 'VARCHAR',
  varchar: 'VARCHAR',
  bytea: 'BLOB',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
  timestamptz: 'TIMESTAMP WITH TIME ZONE',
  uuid: 'UUID',
};

/**
 * The type table. Whatever is not listed travels as the text that PostgreSQL itself prints, which loses nothing.
 *
 * @param name `pg_type.typname`, domains resolved to their base
 * @param modifier `atttypmod`
 */
export function typeRule(name: string, modifier: number): TypeRule {
  const same = exact[name];
  if (same !== undefined) return { stagedType: same };
  if (name === 'numeric') {
    if (modifier < 4) return asText('numeric without precision holds any number of digits');
    const precision = ((modifier - 4) >> 16) & 0xffff;
    // The scale is an 11-bit two's complement number since PostgreSQL 15 (negative scales).
    const scale = (((modifier - 4) & 0x7ff) ^ 1024) - 1024;
    if (precision > 38 || scale < 0 || scale > precision) {
      return asText(`numeric(${precision},${scale}) does not fit DECIMAL`);
    }
    return asText('numeric may hold NaN, which DECIMAL cannot; the exact text travels');
  }
  if (name === 'bpchar') return { stagedType: 'VARCHAR', cast: text, reason: 'char(n) without its padding' };
  return asText(`${name} travels as the text that PostgreSQL prints`);
}

/** One line of the documented type table: a type as people declare it, and as the catalogue names it. */
export interface TypeLine {
  native: string;
  name: string;
  modifier: number;
}

/** `atttypmod` of `numeric(precision, scale)`. */
function numericModifier(precision: number, scale: number): number {
  return (precision << 16) + (scale & 0x7ff) + 4;
}

const line = (native: string, name = native, modifier = -1): TypeLine => ({ native, name, modifier });

/** What the documentation lists: every type that has a rule of its own, and some of those that travel as text. */
export const typeTable: readonly TypeLine[] = [
  line('boolean', 'bool'),
  line('smallint', 'int2'),
  line('integer', 'int4'),
  line('bigint', 'int8'),
  line('real', 'float4'),
  line('double precision', 'float8'),
  line('numeric'),
  line('numeric(18,2)', 'numeric', numericModifier(18, 2)),
  line('numeric(60,10)', 'numeric', numericModifier(60, 10)),
  line('text'),
  line('varchar(20)', 'varchar', 24),
  line('char(5)', 'bpchar', 9),
  line('bytea'),
  line('date'),
  line('timestamp'),
  line('timestamptz'),
  line('uuid'),
  ...['time', 'timetz', 'interval', 'money', 'json', 'jsonb', 'xml', 'inet', 'cidr', 'macaddr'].map((one) => line(one)),
  ...['bit(4)', 'varbit', 'int4range', 'point', 'tsvector', 'oid'].map((one) => line(one)),
  line('integer[]', '_int4'),
  line('text[]', '_text'),
];

/** The column as it is selected in the source, giving exactly the staged type. */
export function selected(column: { name: string; castReason?: string | undefined }): string {
  const name = quoted(column.name);
  return column.castReason === undefined ? name : `${text(name)} AS ${name}`;
}
