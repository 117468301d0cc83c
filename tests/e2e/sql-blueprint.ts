import {
  attachments,
  blueprint,
  collection,
  count,
  crosswalk,
  date,
  decimal,
  entity,
  header,
  integer,
  lines,
  lookup,
  reference,
  rows,
  sql,
  sum,
  table,
  text,
  timestamp,
} from '../../model/builders.ts';

const supplier = entity('supplier', {
  from: table('erp.supplier', { key: ['supplier_id'] }),
  to: collection('purchasing.partner', {
    id: 'id',
    legacyKey: 'legacy_id',
    shape: {
      name: text(200),
      country: text(2),
      vat: text(40).nullable(),
      since: timestamp().nullable(),
      parent: reference('purchasing.partner').nullable(),
    },
  }),
  legacyKey: sql`'S-' || supplier_id`,
  fields: {
    name: sql`name`,
    country: lookup('countries', sql`country`),
    vat: sql`vat`,
    since: sql`since`,
    parent: crosswalk('supplier', sql`parent_id`, { later: true, whenMissing: 'null' }),
  },
  attachments: attachments({ content: 'contract', property: 'contract', fileName: sql`'contract-' || supplier_id` }),
});

const purchase = entity('purchase', {
  from: table('erp.purchase', { key: ['purchase_no'] }),
  to: collection('purchasing.purchase', {
    id: 'id',
    legacyKey: 'legacy_id',
    shape: { partner: reference('purchasing.partner'), ordered_on: date(), total: decimal(18, 2) },
  }),
  legacyKey: sql`purchase_no`,
  fields: { partner: crosswalk('supplier', sql`supplier_id`), ordered_on: sql`ordered_on`, total: sql`total` },
  lines: lines('purchase_line', {
    from: table('erp.purchase_line', { key: ['purchase_no', 'line_no'] }),
    headerKey: ['purchase_no'],
    to: collection('purchasing.purchase_line', {
      id: 'id',
      legacyKey: 'legacy_id',
      shape: { purchase: reference('purchasing.purchase'), position: integer(), amount: decimal(18, 2) },
    }),
    legacyKey: sql`purchase_no || '/' || line_no`,
    fields: { purchase: header(), position: sql`line_no`, amount: sql`amount` },
  }),
});

const visit = entity('visit', {
  from: table('erp.visit', { key: ['visit_id'] }),
  to: collection('purchasing.visit', {
    id: 'id',
    legacyKey: 'legacy_id',
    write: 'create',
    shape: { partner: reference('purchasing.partner'), remark: text(500).nullable() },
  }),
  legacyKey: sql`'V-' || visit_id`,
  fields: { partner: crosswalk('supplier', sql`supplier_id`), remark: sql`remark` },
});

/** A purchasing system that moves from one PostgreSQL database into another: references, lines, keys of every kind. */
export const purchasing = blueprint('purchasing', {
  lookups: {
    countries: rows([
      { key: 'Switzerland', value: 'CH' },
      { key: 'Italy', value: 'IT' },
    ]),
  },
  entities: [supplier, purchase, visit],
  controls: [
    count('suppliers-by-country', {
      source: { of: 'supplier', by: { country: `CASE country WHEN 'Switzerland' THEN 'CH' ELSE 'IT' END` } },
      target: { of: 'supplier', by: { country: 'country' } },
    }),
    sum('line-amounts', {
      scale: 2,
      source: { of: 'purchase_line', value: 'amount' },
      target: { of: 'purchase_line', value: 'amount' },
    }),
  ],
});
