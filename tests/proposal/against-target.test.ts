import { describe, expect, test } from 'vitest';
import type { CollectionProperty, Holds } from '../../connectors/port.ts';
import { aCollection, aTable, decisions, entityIn, fieldIn, proposed } from './a-table.ts';

const property = (name: string, holds: Holds, required = false): CollectionProperty => ({ name, holds, required });
const text = (max: number): Holds => ({ kind: 'text', max });

describe('collections', () => {
  test('are found in singular or plural and behind a publisher’s prefix; a synonym is left to people', () => {
    const proposal = proposed(
      [
        aTable('invoices', { columns: ['id integer'] }),
        aTable('membership', { columns: ['id integer'] }),
        aTable('organisation', { columns: ['id integer'] }),
      ],
      [
        aCollection('invoices'),
        aCollection('crm_memberships'),
        aCollection('crm_things'),
        aCollection('crm_rows'),
        aCollection('accounts'),
      ],
    );
    expect(entityIn(proposal, 'invoices').collection).toMatchObject({ name: 'invoices', decide: [] });
    expect(entityIn(proposal, 'membership').collection).toMatchObject({ name: 'crm_memberships', decide: [] });
    expect(entityIn(proposal, 'organisation').collection).toMatchObject({ name: 'accounts' });
    expect(entityIn(proposal, 'organisation').collection.decide[0]).toMatch(/is accounts the place for organisation/);
  });

  test('that none is found for keep the entity out of the blueprint, but written', () => {
    const proposal = proposed(
      [aTable('invoice', { columns: ['id integer'] }), aTable('quarry', { columns: ['id integer'] })],
      [aCollection('invoices')],
    );
    expect(proposal.entities.map((one) => one.name)).toEqual(['invoice']);
    expect(proposal.waiting.map((one) => one.name)).toEqual(['quarry']);
  });

  test('without a key for Landfall’s are told of', () => {
    const tables = [aTable('invoice', { columns: ['id integer'] })];
    const none = proposed(tables, [{ ...aCollection('invoices', { alternateKeys: [] }), properties: [] }]);
    expect(entityIn(none, 'invoice').collection.decide[0]).toMatch(/has no alternate key/);
    const created = proposed(tables, [aCollection('invoices', { alternateKeys: [] })]);
    expect(entityIn(created, 'invoice').collection).toMatchObject({ legacyKey: 'legacyid', write: 'create' });
  });
});

describe('fields', () => {
  const contact = aTable('contact', {
    columns: ['id integer', 'first_name text', 'email text?', 'born date?', 'status text', 'shoe_size integer?'],
  });
  const contacts = aCollection('contacts', {
    properties: [
      property('firstname', text(50)),
      property('emailaddress1', text(100)),
      property('born', text(10)),
      property('statuscode', { kind: 'integer', bits: 32 }),
      property('category', text(10), true),
    ],
  });
  const proposal = proposed([contact], [contacts]);

  test('take the target’s own length, and are required as the source’s columns are', () => {
    expect(fieldIn(proposal, 'contact', 'firstname')).toMatchObject({
      type: { kind: 'text', max: 50 },
      required: true,
      source: { kind: 'sql', sql: 'first_name' },
      decide: [],
    });
  });

  test('that are called alike, no more, are proposed and left to people', () => {
    expect(fieldIn(proposal, 'contact', 'emailaddress1')).toMatchObject({ required: false, source: { sql: 'email' } });
    expect(fieldIn(proposal, 'contact', 'emailaddress1').decide[0]).toMatch(/is emailaddress1 the place for email/);
  });

  test('that cannot hold the column are not proposed, and what it would take is asked', () => {
    expect(entityIn(proposal, 'contact').fields.map((one) => one.field)).toEqual(['firstname', 'emailaddress1']);
    const asked = decisions(proposal).join('\n');
    expect(asked).toMatch(/statuscode holds an integer, and status \(text\) does not/);
    expect(asked).toMatch(/born holds text of 10, and born \(date\) does not/);
  });

  test('that the target wants and nothing fills are told of, and so are columns without a place', () => {
    const asked = decisions(proposal).join('\n');
    expect(asked).toMatch(/contacts wants a value for category/);
    expect(asked).toMatch(/they stay behind: shoe_size \(integer\)/);
  });
});

describe('references', () => {
  const tables = [
    aTable('account', { columns: ['id integer'] }),
    aTable('contact', {
      columns: ['id integer', 'employer_id integer', 'sponsor_id integer?'],
      references: [
        [['employer_id'], 'account', ['id']],
        [['sponsor_id'], 'account', ['id']],
      ],
    }),
  ];

  test('go to the field that is called alike where several point there', () => {
    const fields = ['sponsorid', 'employerid'].map((field) => ({ field, collections: ['accounts'] }));
    const proposal = proposed(tables, [aCollection('accounts'), aCollection('contacts', { references: fields })]);
    expect(fieldIn(proposal, 'contact', 'employerid').source).toMatchObject({
      entity: 'account',
      keys: ['employer_id'],
    });
    expect(fieldIn(proposal, 'contact', 'sponsorid').source).toMatchObject({ keys: ['sponsor_id'] });
  });

  test('that no field takes are told of, and the circle that they would close is none', () => {
    const proposal = proposed(tables, [aCollection('accounts'), aCollection('contacts')]);
    expect(decisions(proposal).join()).toMatch(/they stay behind: employer_id \(which points at account\)/);
  });
});
