import { expect, test } from 'vitest';
import { z } from 'zod';
import { comparedSides } from '../../activities/compared.ts';
import { resolved, type Reference } from '../../activities/load-rows.ts';
import { collection, crosswalkEither, entity, sql, table } from '../../model/builders.ts';
import { reference, text } from '../../model/shape.ts';
import { inJob } from '../reconcile/in-job.ts';

const note = entity('note', {
  from: table('crm.note', { key: ['note_id'] }),
  to: collection('notes', {
    id: 'id',
    legacyKey: 'legacy',
    shape: { about: reference('people', 'teams'), memo: text(20) },
  }),
  legacyKey: sql`note_id`,
  fields: {
    about: crosswalkEither([
      { when: sql`kind = 'P'`, entity: 'person', key: sql`about_id` },
      { entity: 'team', key: sql`about_id` },
    ]),
    memo: sql`memo`,
  },
});
const crosswalks = new Map([
  ['person', 'person'],
  ['team', 'team'],
]);
const references: Reference[] = [
  {
    field: 'about',
    collections: new Map([
      ['person', 'people'],
      ['team', 'teams'],
    ]),
    whenMissing: 'block',
  },
];

const Line = z.looseObject({ explain_value: z.string() });

test.each([
  ['when rows are loaded', () => resolved(note, references, crosswalks, 'ready')],
  [
    'when what was meant is compared',
    () => {
      const piece = { ready: { open: 'ready', whole: 'ready' }, receipts: 'receipts', headers: null } as never;
      return (
        comparedSides(note, { pieces: [piece], actualPieces: ['actual'], actualKeys: ['actual'] }, crosswalks)
          .meant[0] ?? ''
      );
    },
  ],
])(
  'the row that a reference points at is found by hashing, and not by comparing each with each: %s',
  async (_when, query) => {
    const { plan, found } = await inJob(async (job) => {
      await job.run(`CREATE TABLE ready AS SELECT 'N-' || n AS _key, CAST(n AS VARCHAR) AS about, 'memo' AS memo,
      CASE n % 2 WHEN 0 THEN 'person' ELSE 'team' END AS "about$entity" FROM range(4) r(n)`);
      await job.run(`CREATE TABLE receipts AS SELECT _key, 'created' AS outcome, 'T' || _key AS target FROM ready`);
      for (const kind of ['person', 'team']) {
        await job.run(
          `CREATE TABLE ${kind} AS SELECT CAST(n AS VARCHAR) AS _source, '${kind} ' || n AS target FROM range(3) r(n)`,
        );
      }
      const sides = query();
      const rows = sides.startsWith('(') ? sides : `(${sides})`;
      const plan = await job.all(`EXPLAIN SELECT * FROM ${rows}`, Line);
      const pointed = sides.startsWith('(') ? 'about' : '"to:about"';
      const found = await job.all(
        `SELECT ${pointed} AS found FROM ${rows} ORDER BY _key`,
        z.object({ found: z.string().nullable() }),
      );
      return { plan: plan.map((one) => one.explain_value).join('\n'), found: found.map((one) => one.found) };
    });
    expect(found).toEqual(['person 0', 'team 1', 'person 2', null]);
    expect(plan).toContain('HASH_JOIN');
    expect(plan).not.toMatch(/NL_JOIN|NESTED_LOOP/);
  },
);
