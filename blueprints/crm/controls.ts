import { count, sum } from '../../model/builders.ts';

/** What the membership office asks of a move. Written against both systems' own columns, not with the mapping. */
export const controls = [
  count('organisations-by-category', {
    title: 'Members by category',
    unit: 'organisations',
    source: {
      of: 'organisation',
      by: {
        category: `CASE WHEN lower(category) LIKE 'm%' THEN 'Member State' WHEN lower(category) LIKE 's%' THEN 'Sector Member'
          WHEN lower(category) LIKE 'ac%' THEN 'Academia' WHEN lower(category) LIKE 'as%' THEN 'Associate' END`,
      },
    },
    target: {
      of: 'organisation',
      by: {
        category: `CASE crm_category WHEN 1 THEN 'Member State' WHEN 2 THEN 'Sector Member' WHEN 3 THEN 'Academia' WHEN 4 THEN 'Associate' END`,
      },
    },
  }),
  count('organisations-by-status', {
    title: 'Members by status',
    unit: 'organisations',
    source: {
      of: 'organisation',
      by: { status: `CASE status WHEN 'A' THEN 'active' WHEN 'S' THEN 'suspended' ELSE 'ceased' END` },
    },
    target: {
      of: 'organisation',
      by: { status: `CASE statuscode WHEN 1 THEN 'active' WHEN 2 THEN 'suspended' ELSE 'ceased' END` },
    },
  }),
  sum('contributory-units', {
    title: 'Contributory units of members',
    unit: 'units',
    scale: 5,
    source: { of: 'organisation', value: 'contributory_units' },
    target: { of: 'organisation', value: 'crm_contributoryunits' },
  }),
  count('memberships-valid', {
    title: 'Memberships in force on 1 January 2015',
    unit: 'memberships',
    source: {
      of: 'membership',
      where: `valid_from <= DATE '2015-01-01' AND (valid_to IS NULL OR valid_to >= DATE '2015-01-01')`,
      by: { status: 'status' },
    },
    target: {
      of: 'membership',
      where: `crm_validfrom <= DATE '2015-01-01' AND (crm_validto IS NULL OR crm_validto >= DATE '2015-01-01')`,
      by: { status: `CASE statuscode WHEN 1 THEN 'active' WHEN 2 THEN 'suspended' WHEN 3 THEN 'ended' END` },
    },
  }),
  sum('invoiced-by-status', {
    title: 'Amounts invoiced, by state of the invoice',
    unit: 'all currencies as one',
    scale: 2,
    source: { of: 'invoice', by: { status: 'status' }, value: 'total' },
    target: {
      of: 'invoice',
      by: { status: `CASE statuscode WHEN 1 THEN 'open' WHEN 2 THEN 'paid' WHEN 3 THEN 'cancelled' END` },
      value: 'totalamount',
    },
  }),
  sum('invoice-lines', {
    title: 'Amounts of invoice lines',
    unit: 'all currencies as one',
    scale: 2,
    source: { of: 'invoice_line', value: 'amount' },
    target: { of: 'invoice_line', value: 'extendedamount' },
  }),
  count('opted-out', {
    title: 'Persons who opted out of e-mail',
    unit: 'persons',
    source: {
      of: 'consent',
      where: 'opt_out_email',
      distinct: `CASE WHEN email IS NULL OR lower(trim(email)) LIKE 'info@%' THEN CAST(contact_id AS VARCHAR)
        ELSE lower(trim(email)) || '|' || lower(trim(last_name)) END`,
    },
    target: { of: 'consent', where: 'crm_optout' },
  }),
  count('contacts-without-organisation', {
    title: 'Contacts without an organisation',
    unit: 'contacts',
    target: { of: 'contact', where: 'parentcustomerid IS NULL' },
    expected: 0,
  }),
];
