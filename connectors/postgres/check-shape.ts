import { createHash } from 'node:crypto';
import type { Problem } from '../../model/errors.ts';
import type { FieldShape } from '../../model/shape.ts';
import type { TargetCollection } from '../port.ts';
import { armColumn, type Catalogue, type Column, type Table } from './catalogue.ts';
import { misfit } from './fit.ts';
import { nearest, parseName, quoted, quotedName } from './names.ts';
import type { Session } from './session.ts';
import { uniqueOn } from './statements.ts';

type Say = (code: string, what: string, hint: string, field?: string, severity?: Problem['severity']) => void;

/** Every way in which the target's catalogue disagrees with what a blueprint says it will write. */
export async function checkShape(
  session: Session,
  catalogue: Catalogue,
  collection: TargetCollection,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  const say: Say = (code, what, hint, field, severity = 'error') => {
    const place = { connection: session.name, collection: collection.collection };
    problems.push({ code, what, where: field === undefined ? place : { ...place, field }, hint, severity });
  };
  catalogue.forget();
  const table = await catalogue.look(collection.collection);
  if (!table) {
    const near = await catalogue.near(collection.collection);
    say('target.missing-collection', `The target has no table ${collection.collection}.`, hintOf(near));
    return problems;
  }
  checkTable(table, collection, say);
  checkKeys(table, collection, say);
  for (const [field, shape] of Object.entries(collection.shape)) {
    if (shape.type.kind === 'reference') checkReference(table, field, shape, shape.type.collections, say);
    else checkField(table, field, shape, say);
  }
  const written = new Set([collection.legacyKey, ...Object.entries(collection.shape).flatMap(columnsOf)]);
  for (const column of table.columns.values()) {
    if (column.nullable || column.assigned || column.computed || written.has(column.name)) continue;
    const needed = column.name === collection.id ? 'error' : 'warning';
    say(
      'target.needs-value',
      `The target wants a value for ${column.name}, and the blueprint maps none.`,
      'Map it, or give the column a default (an identity, or gen_random_uuid()), unless a trigger fills it.',
      column.name,
      needed,
    );
  }
  return problems;
}

function columnsOf([field, shape]: [string, FieldShape]): string[] {
  const { type } = shape;
  if (type.kind !== 'reference' || type.collections.length === 1) return [field];
  return type.collections.map((one) => armColumn(field, one));
}

function checkTable(table: Table, collection: TargetCollection, say: Say): void {
  if (table.kind !== 'r' && table.kind !== 'p') {
    say(
      'target.not-a-table',
      `${collection.collection} is a view or a foreign table.`,
      'Name the table that the rows lie in.',
    );
  }
  if (table.kind === 'p' && table.version < 180_000) {
    say(
      'target.partitioned',
      'The target is partitioned, and PostgreSQL before 18 does not say there which rows were created.',
      'Write to a table that is not partitioned, or to PostgreSQL 18 or later.',
    );
  }
  if (table.encoding !== 'UTF8') {
    say(
      'target.encoding',
      `The target keeps text in ${table.encoding}, which does not hold every character.`,
      'Use a database whose encoding is UTF8.',
    );
  }
}

/** Types that give every key back as it was written. */
export const keyTypes: ReadonlySet<string> = new Set(['text', 'varchar', 'uuid', 'int2', 'int4', 'int8']);

function checkKeys(table: Table, collection: TargetCollection, say: Say): void {
  const { id, legacyKey } = collection;
  for (const name of new Set([id, legacyKey])) {
    if (!table.columns.has(name)) missing(table, name, say);
  }
  const key = table.columns.get(legacyKey);
  if (key && !keyTypes.has(key.type)) {
    say(
      'target.wrong-type',
      `The legacy key ${legacyKey} is ${key.native}, which does not give every key back as it was written.`,
      'Make it text.',
      legacyKey,
    );
  }
  if (key?.computed)
    say('target.read-only', `The target computes ${legacyKey} itself.`, 'Name another column.', legacyKey);
  const alone = (name: string): boolean =>
    table.unique.some(({ columns, predicate }) => predicate === null && columns.length === 1 && columns[0] === name);
  if (table.columns.has(id) && !alone(id)) {
    say(
      'target.not-a-key',
      `The target’s ${id} is not unique by itself, so it does not say which row is meant.`,
      'Name the column of the primary key as `id`.',
      id,
    );
  }
  const name = quotedName(collection.collection);
  if (key && collection.write === 'upsert' && !uniqueOn({ collection, table })) {
    say(
      'target.not-a-key',
      `The target cannot upsert on ${legacyKey}: no unique constraint that is checked at once covers it alone.`,
      `ALTER TABLE ${name} ADD UNIQUE (${quoted(legacyKey)}); or write with 'create'.`,
      legacyKey,
    );
  }
  if (key && collection.write === 'create' && !table.indexed.includes(legacyKey)) {
    say(
      'target.slow-key',
      `The target has no index on ${legacyKey}: finding a row means reading all of them.`,
      `CREATE INDEX ON ${name} (${quoted(legacyKey)});`,
      legacyKey,
      'warning',
    );
  }
}

function checkReference(
  table: Table,
  field: string,
  shape: FieldShape,
  collections: readonly string[],
  say: Say,
): void {
  const several = collections.length > 1;
  for (const collection of collections) {
    const name = several ? armColumn(field, collection) : field;
    const column = table.columns.get(name);
    if (!column) {
      missing(table, name, say, several ? `A reference to several tables is kept in a column for each of them. ` : '');
      continue;
    }
    checkWritable(column, { ...shape, required: shape.required && !several }, say);
    const to = table.constraints.find(
      (one) => one.to !== null && one.columns.length === 1 && one.columns[0] === name,
    )?.to;
    if (to === undefined || to === null) {
      say(
        'target.no-foreign-key',
        `The target does not see to it that ${name} points at a row of ${collection}.`,
        'Add a foreign key, so that a reference to a row that is not there is refused.',
        name,
        'warning',
      );
    } else if (!sameTable(to, collection)) {
      say(
        'target.wrong-reference',
        `The target’s ${name} points at ${to}, and not at ${collection}.`,
        'Name that table in the field’s `reference(…)`.',
        name,
      );
    }
  }
}

function sameTable(a: string, b: string): boolean {
  return JSON.stringify(parseName(a)) === JSON.stringify(parseName(b));
}

function checkField(table: Table, field: string, shape: FieldShape, say: Say): void {
  const column = table.columns.get(field);
  if (!column) return missing(table, field, say);
  checkWritable(column, shape, say);
  const unfit = misfit(shape.type, column);
  if (!unfit) return;
  const hint = unfit.hint ?? 'Change the shape in the blueprint, or widen the column in the target.';
  say(unfit.code, `The target’s ${field} is ${column.native}: ${unfit.why}.`, hint, field, unfit.severity);
}

function checkWritable(column: Column, shape: FieldShape, say: Say): void {
  const { name } = column;
  if (column.computed) {
    say('target.read-only', `The target computes ${name} itself.`, 'Take it out of the mapping.', name);
  }
  if (!shape.required && !column.nullable) {
    const hint = 'Take `.nullable()` away, so that rows without a value are rejected before they are sent.';
    say('target.not-nullable', `The target wants a value for ${name}, and the shape allows none.`, hint, name);
  }
}

function missing(table: Table, name: string, say: Say, remark = ''): void {
  const near = nearest(name, [...table.columns.keys()]);
  say('target.missing-property', `The target’s rows have no column ${name}.`, `${remark}${hintOf(near)}`, name);
}

function hintOf(near: readonly string[]): string {
  return near.length === 0
    ? 'Check the name against the target’s tables.'
    : `The nearest names are: ${near.join(', ')}.`;
}

/** A digest for each collection that changes when what Landfall relies on does: columns, types, keys, constraints. */
export async function fingerprint(
  catalogue: Catalogue,
  collections: readonly string[],
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const collection of collections) {
    const table = await catalogue.look(collection);
    const said = table === null ? null : { ...table, version: 0, columns: [...table.columns.values()] };
    found[collection] = createHash('sha256').update(JSON.stringify(said)).digest('hex');
  }
  return found;
}
