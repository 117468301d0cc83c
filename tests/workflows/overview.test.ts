import { beforeEach, describe, expect, test } from 'vitest';
import { noCounts, rowsThrough, type RunStatus } from '../../model/run.ts';
import { entityDetails, LinesOnPage, runDetails, someOf } from '../../workflows/details.ts';
import { Overview } from '../../workflows/overview.ts';
import { simulatedEntity } from './simulated-steps.ts';

const head: RunStatus = {
  run: 'crm-live-1',
  migration: 'crm',
  mode: 'live',
  plan: 'a'.repeat(64),
  phase: 'load',
  paused: false,
  waiting: { on: 'sign-off', who: Array.from({ length: 300 }, (_, i) => `owner${i}`), since: 'today', note: '' },
  entities: [],
  entitiesInAll: 0,
  totals: noCounts(),
  report: null,
  signed: null,
  failure: null,
  replays: [],
  startedAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
};
const outlines = Array.from({ length: 5_000 }, (_, i) => ({
  ...simulatedEntity(i, 0),
  title: `Journal ${i} `.repeat(8),
}));
const nameOf = (number: number): string => outlines[number]?.name ?? '';
let overview: Overview;

beforeEach(() => {
  overview = new Overview({ ...head, totals: noCounts() }, outlines);
});

describe('what is told of a run of 5,000 entities', () => {
  test('fits a page and an answer, with what failed first, what runs next, and how many more there are', () => {
    for (let i = 0; i < 200; i += 1) {
      const workflow = `crm-live-1/${nameOf(i + 1_000)}/load`;
      const counts = { [nameOf(i + 1_000)]: { extracted: 1_234_567, ready: 1_234_567, created: 1_234_567 } };
      overview.change(nameOf(i + 1_000), { state: 'running', step: 'load', workflow, counts });
    }
    overview.change(nameOf(1_100), { state: 'failed' });
    const page = runDetails(overview, 1_000);
    expect(Buffer.byteLength(page)).toBeLessThan(16 * 1024);
    const rows = page.split('\n').filter((line) => line.startsWith('| Journal'));
    expect(rows).toHaveLength(LinesOnPage);
    expect(rows[0]).toMatch(/^\| Journal 1100 .*\| load failed/);
    expect(rows.slice(1).every((row) => row.includes('| **load** |'))).toBe(true);
    expect(page).toContain('| and 4,950 more; all together | 1,000 of 5,000 through, 199 in work |');
    expect(page).toContain('owner19 and 280 more');

    const told = overview.told();
    expect(Buffer.byteLength(JSON.stringify(told))).toBeLessThan(128 * 1024);
    expect(told).toMatchObject({ entitiesInAll: 5_000 });
    expect(told.entities[0]).toMatchObject({ name: nameOf(1_100), state: 'failed' });
    expect(told.entities.filter((one) => one.state === 'running')).toHaveLength(told.entities.length - 1);
  });

  test('counts all of them, whichever are listed', () => {
    const counted = { ...noCounts(), extracted: 10, rejected: 1 };
    for (const _ of outlines) overview.recount(noCounts(), counted);
    overview.recount(counted, { ...counted, rejected: 0 });
    expect(overview.told().totals).toMatchObject({ extracted: 50_000, rejected: 4_999 });
  });

  test('is quickly made: a run makes it anew at each turn of each entity', () => {
    const began = performance.now();
    for (let i = 0; i < 5_000; i += 1) {
      overview.change(nameOf(i), { state: 'running' });
      runDetails(overview, i);
      overview.change(nameOf(i), { state: 'waiting' });
    }
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});

test('a small plan is told whole, in its own order', () => {
  const small = new Overview(head, outlines.slice(0, 3));
  small.change(nameOf(2), { state: 'running' });
  expect(small.told().entities.map((one) => one.name)).toEqual([nameOf(0), nameOf(1), nameOf(2)]);
  expect(runDetails(small, 0)).not.toContain('all together');
});

describe('the page says what comes next, and who does it', () => {
  const page = (over: Partial<RunStatus>): string =>
    runDetails(new Overview({ ...head, waiting: null, ...over }, outlines.slice(0, 2)), 0);
  const waits = (on: 'sign-off' | 'quality-gate', who: string[]): Partial<RunStatus> => ({
    phase: on,
    waiting: { on, who, since: '2026-01-01T10:11:12.000Z', note: 'see there' },
  });

  test('nothing, while it works', () => {
    expect(page({})).toContain('assess → extract → transform → **load** → reconcile → sign-off → cut-over');
    expect(page({})).toContain('**Next:** Nothing: it goes on by itself');
    expect(page({ mode: 'rehearsal' })).not.toContain('cut-over');
  });

  test('an owner signs a report that is whole, with its digest; one that is not can only be refused', () => {
    const report = { digest: 'c'.repeat(64), verdict: 'whole' };
    const sign = `landfall sign-off crm-live-1 --report ${'c'.repeat(16)} --as olga --key FILE`;
    const whole = page({ ...waits('sign-off', ['olga']), report });
    expect(whole).toContain('**Waits for sign-off** by olga, since 2026-01-01 10:11 UTC: see there');
    expect(whole).toContain(`\n\n- \`landfall report crm-live-1\``);
    expect(whole).toContain(`\`${sign}\``);
    const differs = page({ ...waits('sign-off', ['olga']), report: { ...report, verdict: 'unexplained' } });
    expect(differs).toContain(`\`${sign} --refuse\``);
    expect(differs).not.toContain(`\`${sign}\``);
  });

  test('an engineer decides about rejects, resumes what was paused, and looks into what failed', () => {
    expect(page(waits('quality-gate', ['emil']))).toContain(
      'landfall gate crm-live-1 --as emil --key FILE --decision load',
    );
    expect(page({ paused: true })).toContain('landfall resume crm-live-1 --as ENGINEER --key FILE');
    const failure = {
      code: 'target.unreachable',
      what: 'No answer.',
      hint: 'Start the target.',
      details: 'f'.repeat(8),
    };
    const failed = page({ phase: 'aborted', failure });
    expect(failed).toContain('**Failed:** target.unreachable — No answer.');
    expect(failed).toContain('**Next:** Start the target.');
    expect(failed).toContain('landfall status crm-live-1 --failure');
  });
});

test('the page of a step shows the figures that it counts, and no others', () => {
  const told = {
    entity: 'contact',
    step: 'load',
    chunksDue: 3,
    chunksDone: 1,
    counts: { contact: { created: 1_501, refused: 14 } },
  };
  const page = entityDetails('Contacts', { ...told, step: 'load' }, false).split('\n');
  expect(page).toContain('| rows | written | refused or blocked |');
  expect(page).toContain('| contact | 1,501 | 14 |');
  expect(entityDetails('Contacts', { ...told, step: 'readback', counts: {} }, true)).toBe(
    '**Contacts: readback**: 1 of 3 chunks (paused)',
  );
});

test('rows that are done are counted as a step counts them, or by its chunks', () => {
  const told = {
    step: 'load',
    chunksDue: 4,
    chunksDone: 1,
    counts: { a: { created: 7, refused: 2 }, b: { blocked: 1 } },
  };
  expect(rowsThrough({ ...told, step: 'load' }, 40)).toBe(10);
  expect(rowsThrough({ ...told, step: 'readback', counts: {} }, 40)).toBe(10);
  expect(rowsThrough({ ...told, step: 'transform', counts: { a: { contributing: 5, rejected: 1, left: 2 } } }, 9)).toBe(
    8,
  );
});

test('many names in a sentence are cut short', () => {
  expect(someOf(['a', 'b'], ' or ')).toBe('a or b');
  expect(someOf(outlines.map((one) => one.name)).endsWith(' and 4,980 more')).toBe(true);
});
