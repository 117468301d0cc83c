/** A property of an entity, as the Common Schema Definition Language describes it. */
export type Property =
  | { name: string; type: 'String'; maxLength: number; required?: boolean }
  | { name: string; type: 'Decimal'; precision: number; scale: number; required?: boolean }
  | { name: string; type: 'Int32'; options?: readonly number[]; required?: boolean }
  | { name: string; type: 'Boolean' | 'Date' | 'DateTimeOffset' | 'Guid'; required?: boolean; system?: boolean };

/** A lookup: one value property `_<name>_value`, and a navigation property for each kind of row it may point at. */
export interface Lookup {
  name: string;
  required?: boolean;
  navigations: readonly { name: string; set: string }[];
}

export interface EntitySet {
  set: string;
  type: string;
  id: string;
  properties: readonly Property[];
  lookups: readonly Lookup[];
  /** Properties that are unique and can stand for the key. */
  alternateKey?: string;
  files?: readonly string[];
  readOnly?: boolean;
  /** Rows are created by POST and get their key from the service; no upsert. */
  createOnly?: boolean;
}

const text = (name: string, maxLength: number, required = false): Property => ({
  name,
  type: 'String',
  maxLength,
  required,
});
const number = (name: string, precision: number, scale: number): Property => ({
  name,
  type: 'Decimal',
  precision,
  scale,
});
const int = (name: string, options?: readonly number[]): Property =>
  options ? { name, type: 'Int32', options } : { name, type: 'Int32' };
const of = (name: string, type: 'Boolean' | 'Date' | 'DateTimeOffset', required = false): Property => ({
  name,
  type,
  required,
});
const one = (name: string, set: string, required = false): Lookup => ({ name, required, navigations: [{ name, set }] });
const many = (name: string, targets: Record<string, string>): Lookup => ({
  name,
  navigations: Object.entries(targets).map(([type, set]) => ({ name: `${name}_${type}`, set })),
});
const stamps: readonly Property[] = [
  { name: 'createdon', type: 'DateTimeOffset', system: true },
  { name: 'modifiedon', type: 'DateTimeOffset', system: true },
];

/** The Cloud CRM's data model, after the tables of a Dataverse environment with a membership office's own columns. */
export const model: readonly EntitySet[] = [
  {
    set: 'countries',
    type: 'country',
    id: 'countryid',
    alternateKey: 'iso2',
    readOnly: true,
    properties: [text('iso2', 2, true), text('name', 100)],
    lookups: [],
  },
  {
    set: 'transactioncurrencies',
    type: 'transactioncurrency',
    id: 'transactioncurrencyid',
    alternateKey: 'isocurrencycode',
    readOnly: true,
    properties: [text('isocurrencycode', 3, true), text('currencyname', 100)],
    lookups: [],
  },
  {
    set: 'crm_settings',
    type: 'crm_setting',
    id: 'crm_settingid',
    alternateKey: 'crm_name',
    properties: [text('crm_name', 100, true), text('crm_value', 1000), ...stamps],
    lookups: [],
  },
  {
    set: 'accounts',
    type: 'account',
    id: 'accountid',
    alternateKey: 'crm_legacyid',
    properties: [
      text('crm_legacyid', 40),
      text('name', 160, true),
      int('crm_category', [1, 2, 3, 4]),
      int('statecode', [0, 1]),
      int('statuscode', [1, 2, 3]),
      number('crm_contributoryunits', 9, 5),
      text('websiteurl', 200),
      of('crm_joinedon', 'Date'),
      text('crm_remark', 2000),
      ...stamps,
    ],
    lookups: [one('crm_country', 'countries'), one('parentaccountid', 'accounts'), one('primarycontactid', 'contacts')],
  },
  {
    set: 'contacts',
    type: 'contact',
    id: 'contactid',
    alternateKey: 'crm_legacyid',
    properties: [
      text('crm_legacyid', 60),
      text('firstname', 50),
      text('lastname', 50, true),
      text('emailaddress1', 100),
      text('telephone1', 50),
      of('birthdate', 'Date'),
      text('crm_language', 5),
      ...stamps,
    ],
    lookups: [many('parentcustomerid', { account: 'accounts' })],
  },
  {
    set: 'crm_consents',
    type: 'crm_consent',
    id: 'crm_consentid',
    alternateKey: 'crm_legacyid',
    properties: [
      text('crm_legacyid', 80),
      int('crm_channel', [1, 2]),
      of('crm_optout', 'Boolean', true),
      of('crm_decidedon', 'DateTimeOffset'),
      ...stamps,
    ],
    lookups: [one('crm_contact', 'contacts', true)],
  },
  {
    set: 'crm_memberships',
    type: 'crm_membership',
    id: 'crm_membershipid',
    alternateKey: 'crm_legacyid',
    properties: [
      text('crm_legacyid', 40),
      text('crm_class', 10),
      number('crm_units', 19, 10),
      of('crm_validfrom', 'Date', true),
      of('crm_validto', 'Date'),
      int('statuscode', [1, 2, 3]),
      ...stamps,
    ],
    lookups: [one('crm_account', 'accounts', true)],
  },
  {
    set: 'invoices',
    type: 'invoice',
    id: 'invoiceid',
    alternateKey: 'crm_legacyid',
    properties: [
      text('crm_legacyid', 40),
      text('name', 300),
      number('totalamount', 18, 2),
      of('crm_issuedon', 'Date'),
      int('statuscode', [1, 2, 3]),
      ...stamps,
    ],
    lookups: [many('customerid', { account: 'accounts' }), one('transactioncurrencyid', 'transactioncurrencies')],
  },
  {
    set: 'invoicedetails',
    type: 'invoicedetail',
    id: 'invoicedetailid',
    alternateKey: 'crm_legacyid',
    properties: [
      text('crm_legacyid', 60),
      int('lineitemnumber'),
      text('productdescription', 500),
      number('quantity', 12, 3),
      number('priceperunit', 18, 6),
      number('extendedamount', 18, 2),
      text('crm_account', 20),
      ...stamps,
    ],
    lookups: [one('invoiceid', 'invoices', true)],
  },
  {
    set: 'crm_interactions',
    type: 'crm_interaction',
    id: 'crm_interactionid',
    createOnly: true,
    properties: [
      text('crm_legacyreference', 60),
      int('crm_kind', [1, 2, 3]),
      text('subject', 200),
      text('description', 1_048_576),
      of('crm_happenedon', 'DateTimeOffset'),
      int('crm_durationminutes'),
      text('crm_ownerlogin', 100),
      ...stamps,
    ],
    lookups: [many('regardingobjectid', { account: 'accounts', contact: 'contacts' })],
  },
  {
    set: 'annotations',
    type: 'annotation',
    id: 'annotationid',
    alternateKey: 'crm_legacyid',
    files: ['documentbody'],
    properties: [
      text('crm_legacyid', 40),
      text('subject', 500),
      text('notetext', 100_000),
      text('filename', 255),
      text('mimetype', 256),
      of('crm_writtenon', 'DateTimeOffset'),
      ...stamps,
    ],
    lookups: [many('objectid', { account: 'accounts', contact: 'contacts', invoice: 'invoices' })],
  },
];

export const bySet: ReadonlyMap<string, EntitySet> = new Map(model.map((entry) => [entry.set, entry]));

/**
 * Changes the data model while the service is up, as its administrators may: for every service of this process.
 *
 * @param change what it becomes; null takes the property away
 * @returns undoes it
 */
export function alterProperty(set: string, name: string, change: ((was: Property) => Property) | null): () => void {
  const entry = bySet.get(set);
  if (!entry?.properties.some((one) => one.name === name)) throw new Error(`${set} has no property ${name}`);
  const before = entry.properties;
  entry.properties = before.flatMap((one) => (one.name !== name ? [one] : change ? [change(one)] : []));
  return () => void (entry.properties = before);
}

/** The lookup and navigation that a navigation property's name stands for. */
export function navigationOf(set: EntitySet, name: string): { lookup: Lookup; set: string } | undefined {
  for (const lookup of set.lookups) {
    const found = lookup.navigations.find((navigation) => navigation.name === name);
    if (found) return { lookup, set: found.set };
  }
  return undefined;
}
