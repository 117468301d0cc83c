import {
  choice,
  collection,
  crosswalk,
  date,
  decimal,
  entity,
  reference,
  sql,
  table,
  text,
} from '../../model/builders.ts';

/** Periods of membership with their contribution class; keyed by organisation and sequence. */
export const membership = entity('membership', {
  title: 'Memberships',
  from: table('crm.membership', { key: ['org_id', 'seq'] }),
  to: collection('crm_memberships', {
    id: 'crm_membershipid',
    legacyKey: 'crm_legacyid',
    shape: {
      crm_account: reference('accounts'),
      crm_class: text(10),
      crm_units: decimal(19, 10).nullable(),
      crm_validfrom: date(),
      crm_validto: date().nullable(),
      statuscode: choice({ 1: 'Active', 2: 'Suspended', 3: 'Ended' }),
    },
  }),
  legacyKey: sql`'MEM-' || org_id || '-' || seq`,
  fields: {
    crm_account: crosswalk('organisation', sql`org_id`),
    crm_class: sql`class`,
    crm_units: sql`units`,
    crm_validfrom: sql`valid_from`,
    crm_validto: sql`valid_to`,
    statuscode: sql`CASE status WHEN 'active' THEN 1 WHEN 'suspended' THEN 2 WHEN 'ended' THEN 3 END`,
  },
});
