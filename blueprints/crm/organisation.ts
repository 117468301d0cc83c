import {
  check,
  choice,
  collection,
  crosswalk,
  date,
  decimal,
  entity,
  lookup,
  reference,
  sql,
  table,
  targetLookup,
  text,
} from '../../model/builders.ts';

/** Member states, sector members, academia and associates: a hierarchy five levels deep, with a ring in it. */
export const organisation = entity('organisation', {
  title: 'Organisations',
  from: table('crm.organisation', { key: ['org_id'] }),
  to: collection('accounts', {
    id: 'accountid',
    legacyKey: 'crm_legacyid',
    shape: {
      name: text(160),
      crm_category: choice({ 1: 'Member State', 2: 'Sector Member', 3: 'Academia', 4: 'Associate' }),
      statuscode: choice({ 1: 'Active', 2: 'Suspended', 3: 'Ceased' }),
      crm_country: reference('countries'),
      parentaccountid: reference('accounts').nullable(),
      primarycontactid: reference('contacts').nullable(),
      crm_contributoryunits: decimal(9, 5).nullable(),
      websiteurl: text(200).nullable(),
      crm_joinedon: date().nullable(),
      crm_remark: text(2000).nullable(),
    },
  }),
  legacyKey: sql`'ORG-' || org_id`,
  fields: {
    name: sql`trim(name)`,
    crm_category: sql`CASE upper(replace(replace(trim(category), '.', ''), ' ', ''))
      WHEN 'MS' THEN 1 WHEN 'MEMBERSTATE' THEN 1
      WHEN 'SM' THEN 2 WHEN 'SECTORMEMBER' THEN 2
      WHEN 'AC' THEN 3 WHEN 'ACADEMIA' THEN 3
      WHEN 'AS' THEN 4 WHEN 'ASSOCIATE' THEN 4 END`,
    statuscode: sql`CASE status WHEN 'A' THEN 1 WHEN 'S' THEN 2 WHEN 'C' THEN 3 END`,
    crm_country: targetLookup(
      'countries',
      { match: 'iso2', take: 'countryid' },
      lookup('country', sql`lower(trim(country))`, { match: 'alias', take: 'iso2' }),
    ),
    // A parent may come later in the order of keys, or be its own grandchild: set when every organisation is there.
    parentaccountid: crosswalk('organisation', sql`parent_id`, { later: true, whenMissing: 'null' }),
    primarycontactid: crosswalk('contact', sql`primary_contact`, { later: true, whenMissing: 'null' }),
    crm_contributoryunits: sql`contributory_units`,
    websiteurl: sql`website`,
    crm_joinedon: sql`joined_on`,
    crm_remark: sql`code_page(remark, 'windows-1252')`,
  },
  checks: [
    check('remark.undecodable', sql`remark IS NULL OR code_page(remark, 'windows-1252') IS NOT NULL`, {
      on: 'source',
      field: 'crm_remark',
      hint: 'The remark holds bytes that Windows-1252 does not define.',
    }),
  ],
});
