import {
  check,
  collection,
  crosswalk,
  date,
  entity,
  flag,
  choice,
  reference,
  sql,
  table,
  text,
  timestamp,
} from '../../model/builders.ts';

/**
 * Who a record is about: address and family name, for the office entered people twice. An address that a whole office
 * shares says nothing of the person, and neither does one that is none.
 */
const person = sql`CASE
  WHEN lower(trim(email)) LIKE 'info@%' THEN CAST(contact_id AS VARCHAR)
  WHEN regexp_matches(trim(email), '^[^@\s]+@[^@\s]+\.[^@\s]+$') THEN lower(trim(email)) || '|' || lower(trim(last_name))
  ELSE CAST(contact_id AS VARCHAR) END`;

const classify = {
  first_name: 'personal',
  last_name: 'personal',
  email: 'personal',
  phone: 'personal',
  birth_date: 'restricted',
} as const;

/**
 * People. The same person was entered more than once: records that share address and family name become one, which
 * keeps the newest value of each field.
 */
export const contact = entity('contact', {
  title: 'Contacts',
  from: table('crm.contact', { key: ['contact_id'], classify }),
  keyedBy: person,
  to: collection('contacts', {
    id: 'contactid',
    legacyKey: 'crm_legacyid',
    shape: {
      firstname: text(50).nullable(),
      lastname: text(50),
      emailaddress1: text(100).nullable(),
      telephone1: text(50).nullable(),
      birthdate: date().nullable(),
      crm_language: text(5).nullable(),
      parentcustomerid: reference('accounts').nullable(),
    },
  }),
  legacyKey: sql`'CON-' || min(CAST(contact_id AS VARCHAR))`,
  fields: {
    firstname: sql`first(trim(first_name) ORDER BY modified_at DESC, contact_id)`,
    lastname: sql`first(trim(last_name) ORDER BY modified_at DESC, contact_id)`,
    emailaddress1: sql`first(lower(trim(email)) ORDER BY modified_at DESC, contact_id)`,
    telephone1: sql`first(phone ORDER BY modified_at DESC, contact_id) FILTER (WHERE phone IS NOT NULL)`,
    birthdate: sql`first(birth_date ORDER BY modified_at DESC, contact_id) FILTER (WHERE birth_date IS NOT NULL)`,
    crm_language: sql`first(language ORDER BY modified_at DESC, contact_id)`,
    parentcustomerid: crosswalk('organisation', sql`first(org_id ORDER BY modified_at DESC, contact_id)`),
  },
  checks: [
    check('email.malformed', sql`trim(email) = '' OR regexp_matches(trim(email), '^[^@\s]+@[^@\s]+\.[^@\s]+$')`, {
      on: 'source',
      field: 'emailaddress1',
      hint: 'The address is not one that mail can be sent to.',
    }),
  ],
});

/** What a contact record says of mailing by e-mail, split off into a record of its own: once opted out, always opted out. */
export const consent = entity('consent', {
  title: 'Consents',
  from: table('crm.contact', { key: ['contact_id'], classify }),
  keyedBy: person,
  to: collection('crm_consents', {
    id: 'crm_consentid',
    legacyKey: 'crm_legacyid',
    shape: {
      crm_contact: reference('contacts'),
      crm_channel: choice({ 1: 'E-mail', 2: 'Post' }),
      crm_optout: flag(),
      crm_decidedon: timestamp({ precision: 'second' }).nullable(),
    },
  }),
  legacyKey: sql`'CNS-' || min(CAST(contact_id AS VARCHAR))`,
  fields: {
    crm_contact: crosswalk('contact', sql`min(CAST(contact_id AS VARCHAR))`),
    crm_channel: sql`1`,
    crm_optout: sql`bool_or(opt_out_email)`,
    crm_decidedon: sql`max(consent_at)`,
  },
  checks: [
    check('email.malformed', sql`trim(email) = '' OR regexp_matches(trim(email), '^[^@\s]+@[^@\s]+\.[^@\s]+$')`, {
      on: 'source',
      field: 'crm_contact',
      hint: 'The contact it belongs to is held back.',
    }),
  ],
});
