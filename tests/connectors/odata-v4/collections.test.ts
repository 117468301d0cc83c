import { expect, test } from 'vitest';
import { collectionsOf } from '../../../connectors/odata-v4/collections.ts';
import { readMetadata } from '../../../connectors/odata-v4/metadata.ts';
import { metadataXml } from '../../../sandbox/cloud-crm/metadata.ts';

const collections = new Map(collectionsOf(readMetadata(metadataXml(), {})).map((one) => [one.collection, one]));
const property = (collection: string, name: string) =>
  collections.get(collection)?.properties.find((one) => one.name === name);

test('a collection has the key that its rows can be upserted on, if there is one', () => {
  expect(collections.get('accounts')).toMatchObject({
    type: 'account',
    id: 'accountid',
    alternateKeys: ['crm_legacyid'],
  });
  expect(collections.get('crm_interactions')).toMatchObject({ alternateKeys: [] });
});

test('properties come with what they hold, without those that the service computes', () => {
  expect(property('accounts', 'name')).toEqual({ name: 'name', holds: { kind: 'text', max: 160 }, required: true });
  expect(property('crm_memberships', 'crm_units')?.holds).toEqual({ kind: 'decimal', precision: 19, scale: 10 });
  expect(property('contacts', 'birthdate')).toMatchObject({ holds: { kind: 'date' }, required: false });
  expect(property('accounts', 'createdon')).toBeUndefined();
});

test('lookups are fields that point at collections, and no properties', () => {
  const { references } = collections.get('annotations') ?? {};
  expect(references).toEqual([{ field: 'objectid', collections: ['accounts', 'contacts', 'invoices'] }]);
  expect(property('annotations', '_objectid_value')).toBeUndefined();
});

test('what takes bytes is a file, and no property', () => {
  expect(collections.get('annotations')?.files).toEqual(['documentbody']);
  expect(property('annotations', 'documentbody')).toBeUndefined();
});
