import {
  blueprint,
  choice,
  collection,
  count,
  date,
  decimal,
  entity,
  sql,
  sum,
  table,
  text,
} from '../model/builders.ts';

/** Lines of a general ledger become the cloud CRM's invoices: a text, a decimal, a date, a choice, and a key to upsert on. */
const line = entity('line', {
  title: 'Ledger lines',
  from: table('gl_lines', { key: ['line_id'] }),
  to: collection('invoices', {
    id: 'invoiceid',
    legacyKey: 'crm_legacyid',
    shape: {
      name: text(300).nullable(),
      totalamount: decimal(18, 2),
      crm_issuedon: date(),
      statuscode: choice({ 1: 'Open', 2: 'Paid', 3: 'Cancelled' }),
    },
  }),
  legacyKey: sql`'GL-' || line_id`,
  fields: {
    name: sql`account || ' ' || currency || ' ' || description`,
    totalamount: sql`amount`,
    crm_issuedon: sql`CAST(posted_at AS DATE)`,
    statuscode: sql`CASE WHEN reversed THEN 3 ELSE 1 END`,
  },
});

export default blueprint('ledger', {
  title: 'General ledger',
  entities: [line],
  controls: [
    count('lines', { source: { of: 'line' }, target: { of: 'line' } }),
    sum('amount', {
      scale: 2,
      source: { of: 'line', value: 'amount' },
      target: { of: 'line', value: 'totalamount' },
    }),
  ],
});
