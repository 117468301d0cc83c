import type pg from 'pg';
import { DatabaseError } from 'pg';
import { bySet, type EntitySet, navigationOf, type Property } from './model.ts';
import { ODataProblem, problems } from './problem.ts';
import { rowJson } from './read.ts';

export interface Key {
  property: string;
  value: string;
}

export interface Write {
  method: 'POST' | 'PATCH' | 'DELETE';
  set: EntitySet;
  key: Key | null;
  body: Record<string, unknown>;
  ifMatch: string | null;
  ifNoneMatch: string | null;
  /** `return=representation` with these columns, or nothing. */
  representation: { select: readonly string[] | null; exact: boolean } | null;
}

export interface Written {
  status: number;
  id: string;
  body: string | null;
}

type Client = Pick<pg.ClientBase, 'query'>;

// Control characters that XML 1.0 does not allow, and unpaired surrogates.
const badCharacters =
  // eslint-disable-next-line no-control-regex -- control characters are what it looks for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

function numberText(value: unknown): string | null {
  if (typeof value === 'string' || typeof value === 'number') {
    const text = String(value);
    return /^-?\d+(?:\.\d+)?$/.test(text) ? text : null;
  }
  return null;
}

function checkedValue(set: EntitySet, property: Property, value: unknown): unknown {
  if (value === null) {
    if (property.required === true) throw problems.missing(property.name);
    return null;
  }
  const bad = problems.badValue(property.name, property.type);
  switch (property.type) {
    case 'String':
      if (typeof value !== 'string') throw bad;
      if (badCharacters.test(value)) throw problems.badCharacter(property.name);
      if (value.length > property.maxLength) throw problems.tooLong(set.type, property.name, property.maxLength);
      return value;
    case 'Decimal': {
      const text = numberText(value);
      if (text === null) throw bad;
      const [whole = '', fraction = ''] = text.replace('-', '').split('.');
      const digits = whole.replace(/^0+/, '').length;
      if (fraction.replace(/0+$/, '').length > property.scale || digits > property.precision - property.scale) {
        throw problems.outOfRange(property.name);
      }
      return text;
    }
    case 'Int32': {
      if (typeof value !== 'number' || !Number.isInteger(value)) throw bad;
      if (property.options && !property.options.includes(value)) throw problems.outOfRange(property.name);
      return value;
    }
    case 'Boolean':
      if (typeof value !== 'boolean') throw bad;
      return value;
    case 'Date':
      if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value)) throw bad;
      return value;
    case 'DateTimeOffset':
      if (
        typeof value !== 'string' ||
        !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(value)
      )
        throw bad;
      // Dataverse keeps whole seconds.
      return value.replace(/\.\d+/, '');
    case 'Guid':
      if (typeof value !== 'string' || !/^[0-9a-fA-F-]{36}$/.test(value)) throw bad;
      return value;
  }
}

const keyPattern = /^\/?(?:https?:\/\/[^/]+\/.*\/)?(\w+)\((?:(\w+)=)?('(?:[^']|'')*'|[0-9a-fA-F-]{36})\)$/;

/** Reads `accounts(guid)` and `accounts(crm_legacyid='X')`. */
export function parseKey(path: string): { set: EntitySet; key: Key } | null {
  const match = keyPattern.exec(path);
  const set = bySet.get(match?.[1] ?? '');
  if (!match || !set) return null;
  const raw = match[3] ?? '';
  const value = raw.startsWith("'") ? raw.slice(1, -1).replaceAll("''", "'") : raw;
  const property = match[2] ?? set.id;
  if (property !== set.id && property !== set.alternateKey) throw problems.noResource(path);
  return { set, key: { property, value } };
}

export async function findId(client: Client, set: EntitySet, key: Key): Promise<string | null> {
  if (key.property === set.id) return key.value;
  const { rows } = await client.query<{ id: string }>(
    `SELECT "${set.id}"::text AS id FROM "${set.set}" WHERE "${key.property}" = $1`,
    [key.value],
  );
  return rows[0]?.id ?? null;
}

/** An address within the service: relative, and with its percent-encoding undone, for it is a URL (OData JSON, 8.5). */
function plainAddress(url: string): string {
  const relative = url.replace(/^https?:\/\/[^/]+/, '').replace(/^\/api\/data\/v[\d.]+\//, '');
  try {
    return decodeURIComponent(relative);
  } catch {
    return relative;
  }
}

/** What a body writes: column to value, with bound references resolved. */
async function columnsOf(client: Client, set: EntitySet, body: Record<string, unknown>): Promise<Map<string, unknown>> {
  const columns = new Map<string, unknown>();
  for (const [name, value] of Object.entries(body)) {
    if (name.startsWith('@odata.')) continue;
    if (name.endsWith('@odata.bind')) {
      const navigation = navigationOf(set, name.slice(0, -'@odata.bind'.length));
      if (!navigation) throw problems.undeclared(set.type, name);
      for (const other of navigation.lookup.navigations) columns.set(other.name, null);
      if (value === null) continue;
      const target = typeof value === 'string' ? parseKey(plainAddress(value)) : null;
      if (!target || target.set.set !== navigation.set) throw problems.badValue(name, 'EntityReference');
      const id = await findId(client, target.set, target.key);
      if (id === null) throw problems.notFound(`${target.set.type} with that key`);
      columns.set(name.slice(0, -'@odata.bind'.length), id);
      continue;
    }
    const property = set.properties.find((one) => one.name === name);
    if (property && 'system' in property && property.system) continue;
    if (property) columns.set(name, checkedValue(set, property, value));
    else if (name === set.id) {
      if (!set.createOnly) columns.set(name, value);
    } else throw problems.undeclared(set.type, name);
  }
  return columns;
}

function translated(error: unknown, set: EntitySet): unknown {
  if (!(error instanceof DatabaseError)) return error;
  switch (error.code) {
    case '23505':
      return problems.duplicate(set.alternateKey ?? set.id);
    case '23503':
      return problems.notFound('The referenced row');
    case '23502':
      return problems.missing(error.column ?? '');
    case '22P02':
    case '22008':
    case '22007':
      return new ODataProblem(400, '0x80048d19', 'Cannot convert a literal to the expected type.');
    default:
      return error;
  }
}

function requireLookups(set: EntitySet, columns: ReadonlyMap<string, unknown>): void {
  for (const lookup of set.lookups) {
    if (lookup.required !== true) continue;
    if (!lookup.navigations.some((one) => columns.get(one.name) != null)) throw problems.missing(lookup.name);
  }
}

/** Creates, updates or upserts one row, as Dataverse documents it under "Upsert a table row" and "Conditional operations". */
export async function write(client: Client, request: Write): Promise<Written> {
  const { set, key } = request;
  if (set.readOnly) throw new ODataProblem(403, '0x80040220', `Principal has no write access to ${set.type}.`);
  if (request.method === 'DELETE') {
    const { rowCount } = await client.query(`DELETE FROM "${set.set}" WHERE "${key?.property}" = $1`, [key?.value]);
    if (rowCount === 0) throw problems.notFound(set.type);
    return { status: 204, id: '', body: null };
  }
  const columns = await columnsOf(client, set, request.body);
  if (key) columns.set(key.property, key.value);
  const created = '(xmax = 0) AS created';
  const row = request.representation
    ? rowJson(set, request.representation.select, { exact: request.representation.exact, annotations: false })
    : 'NULL';
  const returning = `RETURNING "${set.id}"::text AS id, ${created}, ${row} AS row`;
  const names = [...columns.keys()];
  const values = [...columns.values()];
  const parameters = names.map((_, i) => `$${i + 1}`);
  const sets = names.map((name, i) => `"${name}" = $${i + 1}`);
  const assignments = [...sets, '"modifiedon" = now()', `"$version" = nextval('row_version')`].join(', ');

  try {
    if (
      request.method === 'PATCH' &&
      key &&
      (request.ifMatch !== null || (set.createOnly && key.property === set.id))
    ) {
      const match = /^W\/"(\d+)"$/.exec(request.ifMatch ?? '');
      const version = match ? ` AND "$version" = ${match[1]}` : '';
      const { rows } = await client.query<{ id: string; row: string | null }>(
        `UPDATE "${set.set}" SET ${assignments} WHERE "${key.property}" = $${names.indexOf(key.property) + 1}${version} ${returning}`,
        values,
      );
      if (rows[0]) return { status: request.representation ? 200 : 204, id: rows[0].id, body: rows[0].row };
      throw match ? problems.precondition() : problems.notFound(set.type);
    }
    requireLookups(set, columns);
    const conflict =
      request.method === 'PATCH' && key && request.ifNoneMatch === null
        ? `ON CONFLICT ("${key.property}") DO UPDATE SET ${assignments}`
        : '';
    const { rows } = await client.query<{ id: string; created: boolean; row: string | null }>(
      `INSERT INTO "${set.set}" (${names.map((name) => `"${name}"`).join(', ')}) VALUES (${parameters.join(', ')}) ${conflict} ${returning}`,
      values,
    );
    const done = rows[0];
    if (!done) throw problems.notFound(set.type);
    const status = request.representation ? (done.created ? 201 : 200) : 204;
    return { status, id: done.id, body: done.row };
  } catch (error) {
    const known = translated(error, set);
    throw request.ifNoneMatch !== null && known instanceof ODataProblem && known.code === '0x80060892'
      ? problems.exists()
      : known;
  }
}
