import { z } from 'zod';
import { LandfallError } from '../../model/errors.ts';
import { nearest, parseName } from './names.ts';
import type { Session } from './session.ts';

const Column = z.object({
  name: z.string(),
  /** As the catalogue prints it, with its modifier: `numeric(18,2)`. */
  native: z.string(),
  /** `pg_type.typname`; of a domain its base. */
  type: z.string(),
  /** The type to cast a text to: of a domain its base, and without a modifier. */
  cast: z.string(),
  /** `atttypmod`. */
  modifier: z.number(),
  enumeration: z.boolean(),
  nullable: z.boolean(),
  /** Whether the target gives a value where none is written: a default or an identity. */
  assigned: z.boolean(),
  /** Whether it takes no value from outside: `GENERATED ALWAYS`. */
  computed: z.boolean(),
});
/** A column of a target's table. */
export type Column = z.infer<typeof Column>;

const Facts = z.object({
  kind: z.string(),
  version: z.coerce.number(),
  encoding: z.string(),
  columns: z.array(Column),
  unique: z.array(z.object({ columns: z.array(z.string()), predicate: z.string().nullable(), immediate: z.boolean() })),
  /** First columns of indexes: what rows are found by without reading all of them. */
  indexed: z.array(z.string().nullable()),
  constraints: z.array(z.object({ name: z.string(), columns: z.array(z.string()), to: z.string().nullable() })),
});

/** What the catalogue says of one table that is written to. */
export interface Table extends Omit<z.infer<typeof Facts>, 'columns'> {
  columns: ReadonlyMap<string, Column>;
}

/** Everything of one table in one JSON document (PostgreSQL manual, 52 System Catalogs). */
const Question = `
SELECT json_build_object(
  'kind', c.relkind,
  'version', current_setting('server_version_num'),
  'encoding', current_setting('server_encoding'),
  'columns', (SELECT coalesce(json_agg(json_build_object(
      'name', a.attname, 'native', format_type(a.atttypid, a.atttypmod), 'type', coalesce(b.typname, t.typname),
      'cast', format_type(coalesce(b.oid, t.oid), -1),
      'modifier', CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END,
      'enumeration', coalesce(b.typtype, t.typtype) = 'e',
      'nullable', NOT (a.attnotnull OR t.typnotnull),
      'assigned', a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL,
      'computed', a.attgenerated <> '' OR a.attidentity = 'a') ORDER BY a.attnum), '[]')
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_type b ON b.oid = t.typbasetype AND t.typtype = 'd'
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  'unique', (SELECT coalesce(json_agg(json_build_object(
      'columns', (SELECT json_agg(a.attname ORDER BY k.position)
        FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k(attnum, position)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum WHERE k.position <= i.indnkeyatts),
      'predicate', pg_get_expr(i.indpred, i.indrelid), 'immediate', i.indimmediate)
      ORDER BY i.indisprimary DESC, i.indexrelid), '[]')
    FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indexprs IS NULL),
  'indexed', (SELECT coalesce(json_agg(DISTINCT a.attname), '[]')
    FROM pg_index i LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = c.oid AND i.indisvalid),
  'constraints', (SELECT coalesce(json_agg(json_build_object('name', k.conname,
      'columns', (SELECT coalesce(json_agg(a.attname ORDER BY a.attname), '[]')
        FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (k.conkey)),
      'to', CASE WHEN k.contype = 'f' THEN format('%I.%I', fn.nspname, f.relname) END) ORDER BY k.conname), '[]')
    FROM pg_constraint k LEFT JOIN pg_class f ON f.oid = k.confrelid LEFT JOIN pg_namespace fn ON fn.oid = f.relnamespace
    WHERE k.conrelid = c.oid)
)::text AS facts
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`;

/** The catalogue of one connection, remembered: every batch asks. */
export interface Catalogue {
  /** @throws LandfallError `target.missing-collection` */
  table(collection: string): Promise<Table>;
  /** Asks anew; null when there is no such table. */
  look(collection: string): Promise<Table | null>;
  /** Names that differ little from a wanted one, for hints. */
  near(collection: string): Promise<string[]>;
  forget(): void;
}

export function openCatalogue(session: Session): Catalogue {
  const known = new Map<string, Promise<Table>>();
  const look = async (collection: string): Promise<Table | null> => {
    const { schema, table } = parseName(collection);
    const [row] = await session.query(Question, [schema, table]);
    const text = row?.['facts'];
    if (typeof text !== 'string') return null;
    const facts = Facts.parse(JSON.parse(text));
    return { ...facts, columns: new Map(facts.columns.map((column) => [column.name, column])) };
  };
  const found = async (collection: string): Promise<Table> => {
    const table = await look(collection);
    if (table) return table;
    throw new LandfallError({
      code: 'target.missing-collection',
      kind: 'permanent',
      what: `The target has no table ${collection} that this user can see.`,
      where: { connection: session.name, collection },
      hint: 'Check the blueprint against the target; `landfall check` gives the nearest names.',
    });
  };
  return {
    look,
    table(collection) {
      const asked = known.get(collection) ?? found(collection);
      known.set(collection, asked);
      asked.catch(() => known.delete(collection));
      return asked;
    },
    async near(collection) {
      const rows = await session.query(
        `SELECT CASE WHEN n.nspname = 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END AS name
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')`,
      );
      return nearest(
        collection,
        rows.map((row) => row['name'] ?? ''),
      );
    },
    forget: () => known.clear(),
  };
}

/** The column of a name. @throws LandfallError `target.missing-property` */
export function columnOf(table: Table, name: string, where: object): Column {
  const column = table.columns.get(name);
  if (column) return column;
  throw new LandfallError({
    code: 'target.missing-property',
    kind: 'permanent',
    what: `The target’s rows have no column ${name}.`,
    where: { ...where, field: name },
    hint: 'Run `landfall check`: it gives the nearest names.',
  });
}

/** Digits of `numeric(precision, scale)`; null where any number of digits fits. */
export function digitsOf(column: Column): { precision: number; scale: number } | null {
  if (column.modifier < 4) return null;
  const precision = ((column.modifier - 4) >> 16) & 0xffff;
  // The scale is an 11-bit two's complement number since PostgreSQL 15 (negative scales).
  return { precision, scale: (((column.modifier - 4) & 0x7ff) ^ 1024) - 1024 };
}

/** The columns that one collection's part of a reference to several kinds lies in. */
export function armColumn(field: string, collection: string): string {
  return `${field}_${parseName(collection).table}`;
}
