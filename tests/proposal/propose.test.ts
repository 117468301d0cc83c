import { describe, expect, test } from 'vitest';
import { aTable, decisions, entityIn, fieldIn, proposed } from './a-table.ts';

describe('keys', () => {
  test('of several columns make one legacy key, in the order of the key', () => {
    const proposal = proposed([aTable('membership', { key: ['org', 'seq'], columns: ['seq integer', 'org integer'] })]);
    expect(entityIn(proposal, 'membership')).toMatchObject({ key: ['org', 'seq'], legacyKey: "org || '-' || seq" });
  });

  test('are needed: a table without one is told of, and not moved', () => {
    const proposal = proposed([
      aTable('state', { key: [], columns: ['frozen boolean'] }),
      aTable('thing', { columns: ['id integer'] }),
    ]);
    expect(proposal.entities.map((one) => one.name)).toEqual(['thing']);
    expect(decisions(proposal)).toContainEqual(expect.stringContaining('app.state has no primary key'));
  });

  test('are needed: without any there is nothing to propose, and that is said', () => {
    expect(() => proposed([aTable('state', { key: [], columns: ['frozen boolean'] })])).toThrow(
      /No table has a primary key/,
    );
    expect(() => proposed([])).toThrow(/no table that this user can see/);
  });
});

describe('references', () => {
  const membership = aTable('membership', { key: ['org', 'seq'], columns: ['org integer', 'seq integer'] });

  test('list their columns in the order of the key that they hold, whatever the foreign key’s order', () => {
    const fee = aTable('fee', {
      columns: ['id integer', 'm_seq integer', 'm_org integer'],
      references: [[['m_seq', 'm_org'], 'membership', ['seq', 'org']]],
    });
    const proposal = proposed([fee, membership]);
    expect(fieldIn(proposal, 'fee', 'membership').source).toMatchObject({
      entity: 'membership',
      keys: ['m_org', 'm_seq'],
    });
    expect(proposal.entities.map((one) => one.name)).toEqual(['membership', 'fee']);
  });

  test('by another key than the primary one travel as they are, which is told', () => {
    const proposal = proposed([
      aTable('country', { columns: ['id integer', 'iso text'] }),
      aTable('office', { columns: ['id integer', 'iso text'], references: [[['iso'], 'country', ['iso']]] }),
    ]);
    expect(fieldIn(proposal, 'office', 'iso').source).toEqual({ kind: 'sql', sql: 'iso' });
    expect(decisions(proposal)).toContainEqual(expect.stringMatching(/iso points at app.country, by another key/));
  });

  test('that nothing declares are guessed by name and type, and left to people', () => {
    const proposal = proposed([
      aTable('organisation', {
        key: ['org_id'],
        columns: ['org_id integer', 'parent_id integer?', 'head_contact uuid?'],
      }),
      aTable('contact', { columns: ['id uuid', 'org_id integer'] }),
      aTable('visit', { columns: ['id integer', 'org_id text', 'contact_id uuid'] }),
    ]);
    expect(fieldIn(proposal, 'contact', 'org_id').source).toMatchObject({ kind: 'crosswalk', entity: 'organisation' });
    expect(fieldIn(proposal, 'visit', 'contact_id').source).toMatchObject({ kind: 'crosswalk', entity: 'contact' });
    expect(fieldIn(proposal, 'organisation', 'head_contact').source).toMatchObject({
      kind: 'crosswalk',
      entity: 'contact',
    });
    // A text is no integer, whatever it is called.
    expect(fieldIn(proposal, 'visit', 'org_id').source).toMatchObject({ kind: 'sql' });
    expect(fieldIn(proposal, 'contact', 'org_id').decide[0]).toMatch(/no foreign key says so/);
  });

  test('to the own table wait for a later pass', () => {
    const proposal = proposed([
      aTable('unit', { columns: ['id integer', 'above integer?'], references: [[['above'], 'unit', ['id']]] }),
    ]);
    expect(fieldIn(proposal, 'unit', 'above')).toMatchObject({ required: false, source: { later: true } });
  });

  test('in a circle: the one that names a role waits, the one called after the table does not', () => {
    const proposal = proposed([
      aTable('contact', {
        columns: ['id integer', 'office_id integer?'],
        references: [[['office_id'], 'office', ['id']]],
      }),
      aTable('office', {
        columns: ['id integer', 'director integer?'],
        references: [[['director'], 'contact', ['id']]],
      }),
    ]);
    expect(fieldIn(proposal, 'office', 'director').source).toMatchObject({ later: true });
    expect(fieldIn(proposal, 'contact', 'office_id').source).toMatchObject({ later: false });
    expect(proposal.entities.map((one) => one.name)).toEqual(['office', 'contact']);
  });

  test('in a circle in which none may be empty are left to people', () => {
    const proposal = proposed([
      aTable('hen', { columns: ['id integer', 'egg_id integer'], references: [[['egg_id'], 'egg', ['id']]] }),
      aTable('egg', { columns: ['id integer', 'hen_id integer'], references: [[['hen_id'], 'hen', ['id']]] }),
    ]);
    expect(fieldIn(proposal, 'hen', 'egg_id').source).toMatchObject({ later: false });
    expect(decisions(proposal)).toContainEqual(expect.stringMatching(/no reference in this circle may be empty/));
  });

  test('of more than one kind are told of, with code to begin with', () => {
    const proposal = proposed([aTable('note', { columns: ['id integer', 'about_type text', 'about_id text'] })]);
    const [suggestion] = entityIn(proposal, 'note').suggestions;
    expect(suggestion?.decide).toMatch(/about_type and about_id point at rows of more than one kind/);
    expect(suggestion?.code.join()).toContain('crosswalkEither');
  });

  test('make a table of nothing else an entity like any other', () => {
    const proposal = proposed([
      aTable('user', { columns: ['id integer'] }),
      aTable('role', { columns: ['id integer'] }),
      aTable('user_role', {
        key: ['user_id', 'role_id'],
        columns: ['user_id integer', 'role_id integer'],
        references: [
          [['user_id'], 'user', ['id']],
          [['role_id'], 'role', ['id']],
        ],
      }),
    ]);
    expect(entityIn(proposal, 'user_role').fields.map((one) => one.source.kind)).toEqual(['crosswalk', 'crosswalk']);
  });
});

describe('columns', () => {
  const columns = [
    'id integer',
    'mood mood',
    'size numeric',
    'price numeric(18,2)',
    'at timestamp',
    'twice integer=',
    'photo bytea?',
  ];
  const proposal = proposed([aTable('thing', { columns })]);

  test('keep their exact types; what has no exact one is left to people', () => {
    expect(fieldIn(proposal, 'thing', 'price')).toMatchObject({
      type: { kind: 'decimal', precision: 18, scale: 2 },
      decide: [],
    });
    expect(fieldIn(proposal, 'thing', 'size').decide[0]).toMatch(/size: no number of digits is declared/);
  });

  test('of an enumeration take its values alone', () => {
    const { type } = fieldIn(proposal, 'thing', 'mood');
    const pattern = new RegExp(type.kind === 'text' ? (type.pattern ?? '') : '');
    expect(['glad', 'so-so (fine)', 'so-so fine', 'sad'].filter((one) => pattern.test(one))).toEqual([
      'glad',
      'so-so (fine)',
    ]);
  });

  test('with local times share one clock, which is left to people unless it was said', () => {
    expect(fieldIn(proposal, 'thing', 'at').source.kind).toBe('localTime');
    expect(proposal.zone).toEqual({ name: 'UTC', guessed: true });
  });

  test('with bytes do not go into chunks; those that the source computes are left out', () => {
    const { columns: read, fields, suggestions, notes } = entityIn(proposal, 'thing');
    expect(read).not.toContain('photo');
    expect(fields.map((one) => one.field)).toEqual(['mood', 'size', 'price', 'at']);
    expect(suggestions[0]?.code[0]).toContain("attachments({ content: 'photo'");
    expect(notes.join()).toContain('twice is computed');
  });

  test('are classified by name and type, and by neither alone but for the type of a network address', () => {
    const people = proposed([
      aTable('customer', {
        columns: [
          'id integer',
          'name text',
          'email text',
          'email_verified boolean',
          'ip inet',
          'seen_from inet',
          'ip_count integer',
          'born date',
          'birth_date date',
          'password_hash text',
          'token_count integer',
        ],
      }),
      aTable('product', { columns: ['id integer', 'name text'] }),
    ]);
    expect(entityIn(people, 'customer').classify).toEqual({
      name: 'personal',
      email: 'personal',
      ip: 'personal',
      seen_from: 'personal',
      birth_date: 'personal',
      password_hash: 'restricted',
    });
    expect(entityIn(people, 'product').classify).toEqual({});
    expect(decisions(people)).toContainEqual(expect.stringContaining('what is personal was guessed'));
  });
});

test('controls count every entity, and sum what looks like money, by its currency', () => {
  const proposal = proposed([
    aTable('invoice', { columns: ['id integer', 'currency text', 'total numeric(18,2)', 'weight numeric(18,2)'] }),
  ]);
  expect(proposal.controls).toEqual([
    expect.objectContaining({ kind: 'count', entity: 'invoice' }),
    expect.objectContaining({
      kind: 'sum',
      sum: { column: 'total', field: 'total', scale: 2 },
      by: { label: 'currency', column: 'currency', field: 'currency' },
    }),
  ]);
});
