import type pg from 'pg';
import { bySet, type EntitySet, model, type Property } from './model.ts';

export function columnType(property: Property): string {
  switch (property.type) {
    case 'String':
      return 'text';
    case 'Decimal':
      return `numeric(${property.precision},${property.scale})`;
    case 'Int32':
      return 'integer';
    case 'Boolean':
      return 'boolean';
    case 'Date':
      return 'date';
    case 'DateTimeOffset':
      return 'timestamptz';
    case 'Guid':
      return 'uuid';
  }
}

function tableSql(entry: EntitySet): string {
  const columns = entry.properties.map((property) => {
    const system = 'system' in property && property.system;
    return `"${property.name}" ${columnType(property)}${property.required === true ? ' NOT NULL' : ''}${system ? ' NOT NULL DEFAULT now()' : ''}`;
  });
  const lookups = entry.lookups.flatMap((lookup) =>
    lookup.navigations.map((navigation) => `"${navigation.name}" uuid`),
  );
  return (
    `CREATE TABLE IF NOT EXISTS "${entry.set}" ("${entry.id}" uuid PRIMARY KEY DEFAULT gen_random_uuid(), ` +
    `${[...columns, ...lookups].join(', ')}, "$version" bigint NOT NULL DEFAULT nextval('row_version')` +
    `${entry.alternateKey === undefined ? '' : `, UNIQUE ("${entry.alternateKey}")`});`
  );
}

function constraintSql(entry: EntitySet): string {
  return entry.lookups
    .flatMap((lookup) => lookup.navigations)
    .map((navigation) => {
      const name = `${entry.set}_${navigation.name}_fk`;
      const target = bySet.get(navigation.set);
      return (
        `ALTER TABLE "${entry.set}" DROP CONSTRAINT IF EXISTS "${name}";` +
        `ALTER TABLE "${entry.set}" ADD CONSTRAINT "${name}" FOREIGN KEY ("${navigation.name}") REFERENCES "${navigation.set}" ("${target?.id ?? ''}");`
      );
    })
    .join('\n');
}

const iso2 = 'CH FR DE CZ CD CI RU GB US CN JP KR IN EG BR KE TH TR MK SZ'.split(' ');

/** Makes the tables where they are not there, and the reference data of a fresh environment. */
export async function createTables(pool: pg.Pool): Promise<void> {
  await pool.query(`
    CREATE SEQUENCE IF NOT EXISTS row_version;
    ${model.map(tableSql).join('\n')}
    ${model.map(constraintSql).join('\n')}
    CREATE TABLE IF NOT EXISTS "$files" (
      entity_set text, id uuid, property text, part integer, name text, bytes bytea, PRIMARY KEY (entity_set, id, property, part));
    ALTER TABLE "$files" ALTER COLUMN bytes SET STORAGE EXTERNAL;
    CREATE INDEX IF NOT EXISTS crm_interactions_reference ON crm_interactions (crm_legacyreference);
  `);
  await pool.query(`INSERT INTO countries (iso2, name) SELECT x, x FROM unnest($1::text[]) x ON CONFLICT DO NOTHING`, [
    iso2,
  ]);
  await pool.query(
    `INSERT INTO transactioncurrencies (isocurrencycode, currencyname) SELECT x, x FROM unnest($1::text[]) x ON CONFLICT DO NOTHING`,
    [['CHF', 'EUR', 'USD']],
  );
}
