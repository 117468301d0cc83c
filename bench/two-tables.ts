import {
  blueprint,
  collection,
  count,
  crosswalk,
  date,
  decimal,
  entity,
  flag,
  reference,
  sql,
  sum,
  table,
  text,
  timestamp,
} from '../model/builders.ts';

const header = entity('header', {
  title: 'Ledger headers',
  from: table('gl_headers', { key: ['header_id'] }),
  to: collection('gl_headers', {
    id: 'header_id',
    legacyKey: 'header_id',
    shape: { reference: text(100), entered_on: date() },
  }),
  legacyKey: sql`CAST(header_id AS VARCHAR)`,
  fields: { reference: sql`reference`, entered_on: sql`entered_on` },
});

const line = entity('line', {
  title: 'Ledger lines',
  from: table('gl_lines', { key: ['line_id'] }),
  to: collection('gl_lines', {
    id: 'line_id',
    legacyKey: 'line_id',
    shape: {
      header_id: reference('gl_headers'),
      account: text(20),
      amount: decimal(18, 2),
      currency: text(3),
      description: text(300),
      posted_at: timestamp({ precision: 'microsecond' }),
      reversed: flag(),
    },
  }),
  legacyKey: sql`CAST(line_id AS VARCHAR)`,
  fields: {
    header_id: crosswalk('header', sql`header_id`),
    account: sql`account`,
    amount: sql`amount`,
    currency: sql`currency`,
    description: sql`description`,
    posted_at: sql`local_time(posted_at, 'UTC', 'later', 'earlier')`,
    reversed: sql`reversed`,
  },
});

/** Two tables from one PostgreSQL into another as they are: a general ledger's headers, and its lines that point at them. */
export default blueprint('ledger', {
  title: 'General ledger, table by table',
  entities: [header, line],
  controls: [
    count('lines', { source: { of: 'line' }, target: { of: 'line' } }),
    sum('amount', {
      scale: 2,
      source: { of: 'line', value: 'amount' },
      target: { of: 'line', value: 'amount' },
    }),
  ],
});
