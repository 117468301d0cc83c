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
