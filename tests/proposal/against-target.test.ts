import { describe, expect, test } from 'vitest';
import type { CollectionDescription, CollectionProperty, Holds } from '../../connectors/port.ts';
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

describe('tables of a database', () => {
  const whole: Holds = { kind: 'integer', bits: 32 };
  const moods = ['glad', 'so-so (fine)'];
  const parents = aTable('parent', { key: ['parent_id'], columns: ['parent_id integer', 'mood mood', 'at timestamp'] });
  const children = aTable('child', {
    key: ['child_id'],
    columns: ['child_id integer', 'parent_id integer?'],
    references: [[['parent_id'], 'parent', ['parent_id']]],
  });
  /** A table whose rows bring their key, unless the target is said to give it out. */
  const rows = (name: string, required: boolean, of: Partial<CollectionDescription> = {}): CollectionDescription => ({
    collection: name,
    type: name,
    id: `${name}_id`,
    alternateKeys: [`${name}_id`],
    references: [],
    files: [],
    ...of,
    properties: [property(`${name}_id`, whole, required), ...(of.properties ?? [])],
  });

  test('keep the key that rows have where the target gives out none', () => {
    const entity = entityIn(proposed([parents], [rows('parent', true)]), 'parent');
    expect(entity.collection).toMatchObject({ id: 'parent_id', legacyKey: 'parent_id', write: 'upsert', decide: [] });
    expect(entity.fields.map((one) => one.field)).not.toContain('parent_id');
  });

  test('ask what becomes of the target’s own numbers where it gives some out, and of a key of another name', () => {
    const [asked] = entityIn(proposed([parents], [rows('parent', false)]), 'parent').collection.decide;
    expect(asked).toMatch(/goes on beyond the largest/);
    const renamed = { ...rows('parent', true), id: 'number', alternateKeys: ['number'] };
    const other = { ...renamed, properties: [property('number', whole, true)] };
    const { collection } = entityIn(proposed([parents], [other]), 'parent');
    expect(collection.legacyKey).toBe('number');
    expect(collection.decide[0]).toMatch(/is it the parent_id of parent/);
  });

  test('prefer a column that is meant for it, of whatever type holds the key', () => {
    for (const holds of [text(40), whole, { kind: 'bigint' } satisfies Holds]) {
      const found = rows('parent', false, {
        alternateKeys: ['legacy_id', 'parent_id'],
        properties: [property('legacy_id', holds)],
      });
      expect(entityIn(proposed([parents], [found]), 'parent').collection).toMatchObject({
        legacyKey: 'legacy_id',
        decide: [],
      });
    }
    const small = rows('parent', false, {
      alternateKeys: ['legacy_id', 'parent_id'],
      properties: [property('legacy_id', { kind: 'integer', bits: 16 })],
    });
    expect(entityIn(proposed([parents], [small]), 'parent').collection.legacyKey).toBe('parent_id');
  });

  test('take labels that they know, and local times as they stand, to the digits that they keep', () => {
    const found = rows('parent', true, {
      properties: [
        property('mood', { kind: 'enum', values: [...moods, 'sad'] }),
        property('at', { kind: 'localTime', digits: 6 }),
      ],
    });
    const proposal = proposed([parents], [found]);
    expect(fieldIn(proposal, 'parent', 'mood').type).toMatchObject({ kind: 'text', max: 12 });
    expect(fieldIn(proposal, 'parent', 'at')).toMatchObject({
      type: { kind: 'timestamp', precision: 'microsecond' },
      source: { kind: 'sql', sql: `local_time("at", 'UTC', 'later', 'earlier')` },
    });
    const fewer = rows('parent', true, { properties: [property('mood', { kind: 'enum', values: ['glad'] })] });
    expect(entityIn(proposed([parents], [fewer]), 'parent').fields).toEqual([]);
  });

  test('refer where the target does, and let a key that stays what it is travel where it does not', () => {
    const reference = { field: 'parent_id', collections: ['parent'], nullable: false };
    const refers = proposed(
      [parents, children],
      [rows('parent', true), rows('child', true, { references: [reference] })],
    );
    expect(fieldIn(refers, 'child', 'parent_id')).toMatchObject({
      type: { kind: 'reference', collections: ['parent'] },
      required: true,
    });
    const plain = { properties: [property('parent_id', whole)] };
    const travels = proposed([parents, children], [rows('parent', true), rows('child', true, plain)]);
    expect(fieldIn(travels, 'child', 'parent_id')).toMatchObject({ type: { kind: 'integer' }, required: false });
    const numbered = aCollection('parent');
    const stays = proposed([parents, children], [numbered, rows('child', true, plain)]);
    expect(decisions(stays).join()).toMatch(/they stay behind: [^.]*parent_id \(which points at parent\)/);
  });

  test('of one name in several schemas find their own', () => {
    const proposal = proposed(
      [parents],
      [
        { ...rows('parent', true), collection: 'aaa.parent' },
        { ...rows('parent', true), collection: 'app.parent' },
      ],
    );
    expect(entityIn(proposal, 'parent').collection.name).toBe('app.parent');
  });

  test('that want a value in a column get one that is required', () => {
    const always = { ...property('parent_id', whole), nullable: false };
    const found = rows('child', true, { properties: [always] });
    const proposal = proposed([parents, children], [rows('parent', true), found]);
    expect(fieldIn(proposal, 'child', 'parent_id').required).toBe(true);
  });
});
