import {
  choice,
  collection,
  crosswalk,
  date,
  decimal,
  entity,
  header,
  integer,
  leaveBehind,
  lines,
  reference,
  sql,
  table,
  targetLookup,
  text,
} from '../../model/builders.ts';

/** Contribution invoices: a header and its lines, which stand or fall together. */
export const invoice = entity('invoice', {
  title: 'Invoices',
  from: table('crm.invoice', { key: ['invoice_no'] }),
  to: collection('invoices', {
    id: 'invoiceid',
    legacyKey: 'crm_legacyid',
    shape: {
      name: text(300),
      customerid: reference('accounts'),
      transactioncurrencyid: reference('transactioncurrencies'),
      totalamount: decimal(18, 2),
      crm_issuedon: date(),
      statuscode: choice({ 1: 'Open', 2: 'Paid', 3: 'Cancelled' }),
    },
  }),
  legacyKey: sql`invoice_no`,
  fields: {
    name: sql`'Contribution invoice ' || invoice_no`,
    customerid: crosswalk('organisation', sql`org_id`),
    transactioncurrencyid: targetLookup(
      'transactioncurrencies',
      { match: 'isocurrencycode', take: 'transactioncurrencyid' },
      sql`trim(currency)`,
    ),
    totalamount: sql`total`,
    crm_issuedon: sql`issued_on`,
    statuscode: sql`CASE status WHEN 'open' THEN 1 WHEN 'paid' THEN 2 WHEN 'cancelled' THEN 3 END`,
  },
  leave: [
    leaveBehind(
      'cancelled-before-2012',
      sql`status = 'cancelled' AND issued_on < DATE '2012-01-01'`,
      'Cancelled before 2012: beyond the retention period, kept in the archive only.',
    ),
  ],
  lines: lines('invoice_line', {
    title: 'Invoice lines',
    from: table('crm.invoice_line', { key: ['invoice_no', 'line_no'] }),
    headerKey: ['invoice_no'],
    to: collection('invoicedetails', {
      id: 'invoicedetailid',
      legacyKey: 'crm_legacyid',
      shape: {
        invoiceid: reference('invoices'),
        lineitemnumber: integer({ min: 1 }),
        productdescription: text(500).nullable(),
        quantity: decimal(12, 3),
        priceperunit: decimal(18, 6),
        extendedamount: decimal(18, 2),
        crm_account: text(20),
      },
    }),
    legacyKey: sql`invoice_no || '-' || line_no`,
    fields: {
      invoiceid: header(),
      lineitemnumber: sql`line_no`,
      productdescription: sql`description`,
      quantity: sql`quantity`,
      priceperunit: sql`unit_price`,
      extendedamount: sql`amount`,
      crm_account: sql`account`,
    },
  }),
});
