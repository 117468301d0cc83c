import type { CatalogueTable } from '../connectors/port.ts';
import { wordsOf } from './names.ts';
import type { ProposedControl, ProposedEntity, ProposedField } from './proposal.ts';
import { sqlName } from './sql-names.ts';

const money =
  /(^| )(amount|total|subtotal|sum|price|cost|fee|charge|balance|debit|credit|salary|wage|paid|payment|revenue|budget|tax|vat|discount|refunded|allocated|incl tax|excl tax|value)( |$)/;

/** The field that takes a column as it is. */
function fieldOf(entity: ProposedEntity, column: string): ProposedField | undefined {
  return entity.fields.find((one) => one.source.kind === 'sql' && one.source.sql === sqlName(column));
}

/** Rows of each entity counted on both sides, and sums of what looks like money, by currency where there is one. */
export function controlsFor(entity: ProposedEntity, table: CatalogueTable): ProposedControl[] {
  const currency = table.columns.find(
    (one) => wordsOf(one.name).includes('currency') && fieldOf(entity, one.name)?.type.kind === 'text',
  );
  const by = currency && fieldOf(entity, currency.name);
  const sums = table.columns.flatMap((column): ProposedControl[] => {
    const field = fieldOf(entity, column.name);
    if (field?.type.kind !== 'decimal' || column.holds.kind !== 'decimal') return [];
    if (!money.test(wordsOf(column.name).join(' '))) return [];
    return [
      {
        kind: 'sum',
        name: `${entity.name}-${wordsOf(column.name).join('-')}`.slice(0, 60).replace(/[-_]$/, ''),
        title: `${entity.title}: ${wordsOf(column.name).join(' ')}`,
        entity: entity.name,
        unit: by ? 'by currency' : 'all as one',
        sum: { column: sqlName(column.name), field: field.field, scale: Math.min(20, field.type.scale) },
        ...(currency && by ? { by: { label: 'currency', column: sqlName(currency.name), field: by.field } } : {}),
      },
    ];
  });
  const rows: ProposedControl = {
    kind: 'count',
    name: `${entity.name}-rows`,
    title: `${entity.title}: rows`,
    entity: entity.name,
    unit: 'rows',
  };
  return [rows, ...sums];
}
