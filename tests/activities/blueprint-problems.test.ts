import { expect, test } from 'vitest';
import { selfProblems } from '../../activities/blueprint-problems.ts';
import { blueprint, collection, crosswalk, entity, header, lines, sql, table } from '../../model/builders.ts';
import { reference } from '../../model/shape.ts';

test('a reference of lines that would wait for ever is found before anything is loaded', () => {
  const line = lines('line', {
    from: table('erp.line', { key: ['n'] }),
    to: collection('lines', {
      id: 'lineid',
      legacyKey: 'legacyid',
      shape: { journal: reference('journals'), reversed: reference('lines').nullable() },
    }),
    legacyKey: sql`n`,
    headerKey: ['journal_id'],
    fields: { journal: header(), reversed: crosswalk('journal', sql`reversed_by`, { later: true }) },
  });
  const journal = entity('journal', {
    from: table('erp.journal', { key: ['journal_id'] }),
    to: collection('journals', { id: 'journalid', legacyKey: 'legacyid', shape: {} }),
    legacyKey: sql`journal_id`,
    fields: {},
    lines: line,
  });
  const found = selfProblems(blueprint('erp', { entities: [journal] }), {});
  expect(found).toMatchObject([{ code: 'blueprint.later-in-lines', where: { entity: 'line', field: 'reversed' } }]);
});

test('a reference that is set later, and would have to hold back a row that is in the target by then', () => {
  const under = (options: { later: true; whenMissing?: 'null' }): unknown => {
    const to = collection('accounts', {
      id: 'accountid',
      legacyKey: 'legacyid',
      shape: { parent: reference('accounts').nullable() },
    });
    const account = entity('account', {
      from: table('erp.account', { key: ['n'] }),
      to,
      legacyKey: sql`n`,
      fields: { parent: crosswalk('account', sql`parent_id`, options) },
    });
    return selfProblems(blueprint('erp', { entities: [account] }), {});
  };
  expect(under({ later: true })).toMatchObject([
    { code: 'blueprint.later-blocks', where: { entity: 'account', field: 'parent' } },
  ]);
  expect(under({ later: true, whenMissing: 'null' })).toEqual([]);
});
