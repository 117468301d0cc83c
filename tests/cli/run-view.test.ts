import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { bytesText, durationText, rowsText } from '../../cli/figures.ts';
import { runLines } from '../../cli/run-lines.ts';
import { RunLog } from '../../cli/run-log.ts';
import { runView } from '../../cli/run-view.ts';
import { noCounts, type EntityStatus, type RunStatus } from '../../model/run.ts';

const entity = (name: string, over: Partial<EntityStatus> = {}): EntityStatus => ({
  name,
  title: `${name[0]?.toUpperCase()}${name.slice(1)}`,
  step: 'load',
  state: 'running',
  workflow: `crm-1/${name}/load`,
  chunksDue: 10,
  chunksDone: 3,
  rowsDue: 21_600,
  rowsDone: 7_000,
  counts: { [name]: { rejected: 72, refused: 400 } },
  ...over,
});
const run = (over: Partial<RunStatus> = {}): RunStatus => {
  const entities = over.entities ?? [entity('contacts')];
  return {
    run: 'crm-live-20260412-090125',
    migration: 'crm',
    mode: 'live',
    plan: 'a'.repeat(64),
    phase: 'load',
    paused: false,
    waiting: null,
    entitiesInAll: entities.length,
    totals: noCounts(),
    report: null,
    signed: null,
    failure: null,
    replays: [],
    startedAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
    ...over,
    entities,
  };
};
const retrying = {
  step: 'loadChunk',
  workflow: 'crm-1/contacts/load',
  tries: 4,
  failure: {
    code: 'target.unreachable',
    what: 'No answer.',
    hint: 'Start it.',
    where: { connection: 'cloudCrm' },
    details: null,
  },
};

/** Somewhere to write to, with or without somebody who watches. */
function stream(columns?: number): { out: NodeJS.WriteStream; text: () => string } {
  let text = '';
  const out = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  const terminal = columns === undefined ? {} : { isTTY: true, columns, rows: 24 };
  return { out: Object.assign(out, terminal) as NodeJS.WriteStream, text: () => text };
}

beforeEach(() => void vi.stubEnv('TERM', 'xterm'));

describe('a run on a screen', () => {
  const long = entity('organisations_of_every_kind', { rowsDue: 123_456_789, rowsDone: 12_345_678 });
  const crowd = Array.from({ length: 100 }, (_, i) =>
    entity(`e${i}`, i === 90 ? { state: 'failed' } : i === 95 ? {} : { state: 'waiting' }),
  );

  test.each([80, 50])('fits %i columns, whatever its names and numbers', (columns) => {
    const lines = runLines(run({ entities: [entity('contacts'), long] }), { columns });
    for (const line of lines) expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(columns);
    expect(lines.join('\n')).toContain('7,000/21,600');
    expect(lines.join('\n')).toContain('472 held');
  });

  test('shows what failed and what is in work where not all entities fit', () => {
    const lines = runLines(run({ entities: crowd, entitiesInAll: 5_000 }), { rows: 10 });
    expect(lines.length).toBeLessThanOrEqual(10);
    expect(lines[1]).toMatch(/^E90/);
    expect(lines[2]).toMatch(/^E95/);
    expect(lines.at(-1)).toContain('more entities');
  });

  test('is drawn over what was drawn before, and left where it is in the end', async () => {
    const { out, text } = stream(80);
    const view = await runView(out);
    view.show(run());
    view.show(run({ phase: 'reconcile' }));
    view.end();
    expect(text()).toContain('\u001b[');
    expect(text()).toContain('reconcile');
  });
});

describe('a run in a log', () => {
  test('is a line with the time for each change, without control characters', async () => {
    const { out, text } = stream();
    const view = await runView(out);
    for (const rowsDone of [0, 100, 200, 7_000, 7_100])
      view.show(run({ entities: [entity('contacts', { rowsDone })] }));
    view.show(run({ entities: [entity('contacts', { state: 'waiting', rowsDone: 21_600 })] }));
    view.end();
    const lines = text().trimEnd().split('\n');
    expect(text()).not.toContain('\u001b');
    for (const line of lines) expect(line).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ \S/);
    expect(lines.map((line) => line.slice(21))).toEqual([
      'phase load',
      'Contacts: load, 0 of 21,600 rows, 472 held',
      'Contacts: load, 7,000 of 21,600 rows, 472 held',
      'Contacts: load done, 21,600 rows, 472 held',
    ]);
  });

  test('says what is tried again and why, what it waits for, and when it goes on', () => {
    const log = new RunLog();
    log.lines(run());
    const [again] = log.lines(run({ retrying: [retrying] }));
    expect(again).toBe(
      'loadChunk is tried again (4 times so far): target.unreachable: No answer. (connection cloudCrm) Start it.',
    );
    expect(log.lines(run({ retrying: [{ ...retrying, tries: 5 }] }))).toEqual([]);
    const waiting = { on: 'sign-off', who: ['olga', 'otto'], since: '', note: 'report cafe (whole)' } as const;
    const waits = log.lines(run({ waiting: { ...waiting, who: [...waiting.who] } }));
    expect(waits).toEqual(['waits for sign-off by olga or otto: report cafe (whole)']);
    expect(log.lines(run({ paused: true }))).toEqual(['paused']);
    expect(log.lines(run())).toEqual(['resumed']);
  });
});

test('figures are in units that people use', () => {
  expect([0, 21_600, 14_400_000].map(rowsText)).toEqual(['0', '21,600', '14.4m']);
  expect([4, 89, 720, 12_000, 180_000, 172_800].map(durationText)).toEqual([
    '4 s',
    '89 s',
    '12 min',
    '3 h 20 min',
    '2 days 2 h',
    '2 days',
  ]);
  expect([0, 1_023, 1_536, 3_650_722_202].map(bytesText)).toEqual(['0 bytes', '1,023 bytes', '1.5 KiB', '3.4 GiB']);
});
