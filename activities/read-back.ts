import { z } from 'zod';
import type { ActualPage, ActualRow, DirectPage, Target, TargetCall } from '../connectors/port.ts';
import type { Part } from '../model/blueprint.ts';
import { LandfallError } from '../model/errors.ts';
import type { Plan } from '../model/plan.ts';
import type { ChunkResult } from '../model/run.ts';
import { isNone, wouldLose } from '../mapping/lossless.ts';
import { duckType } from '../model/shape.ts';
import { identifier, textAs } from '../model/sql.ts';
import type { DuckJob } from '../staging/duckdb/job.ts';
import { withOwnSql } from '../staging/own-sql.ts';
import type { Staging } from '../staging/index.ts';
import { StagedFile, writeManifest } from '../staging/manifest.ts';
import { parquetKeys, writeRows } from '../staging/rows.ts';
import { getSealed, putSealed } from '../staging/sealed.ts';
import type { ChunkTask } from './contract.ts';
import type { Beat, Dependencies } from './dependencies.ts';
import { loadPlan } from './documents.ts';
import { throughRead, withReader } from './duck-read.ts';
import { entityOf, isRestrictedField, partsOf, restrictedKey, roleOf, targetOf } from './parts.ts';
import { explained } from './same-target.ts';

/** Pages of objects that a staged file holds: how much is read again, at most, after a worker was lost. */
const PagesAFile = 10;

/** How far a read-back is. Holds a continuation that may carry row values: staged, never a heartbeat. */
const Checkpoint = z.strictObject({
  files: z.array(StagedFile),
  next: z.string().nullable(),
  asAt: z.string(),
  rows: z.int(),
  done: z.boolean(),
});
type Checkpoint = z.infer<typeof Checkpoint>;

/** Columns of what was read back: the legacy key, the target's key, and each field of the shape that the part writes. */
export function actualColumns(part: Part): Record<string, string> {
  const columns: Record<string, string> = { _target: 'VARCHAR', _key: 'VARCHAR' };
  for (const field of Object.keys(part.fields)) {
    const shape = part.to.shape[field];
    if (shape) columns[field] = duckType(shape.type);
  }
  return columns;
}

function flat(part: Part, row: ActualRow): Record<string, string | number | boolean | null> {
  const values: Record<string, string | number | boolean | null> = { _key: row.legacyKey, _target: row.targetKey };
  for (const field of Object.keys(part.fields)) values[field] = row.values[field] ?? null;
  return values;
}

const Counted = z.object({ count: z.coerce.number() });

/** Of each column: values that are not of its type, and values that it would cut. */
const Doubtful = z.object({ counts: z.array(z.coerce.number()) });

/** Takes what `fill` puts into the table `page` as the text it came as, and refuses to round what the target holds. */
async function insertExactly(
  job: DuckJob,
  part: Part,
  columns: Readonly<Record<string, string>>,
  fill: (texts: Readonly<Record<string, string>>) => Promise<void>,
): Promise<void> {
  const texts = Object.fromEntries(Object.keys(columns).map((name) => [name, 'VARCHAR']));
  await job.run('DROP TABLE IF EXISTS page');
  await job.createTable('page', texts);
  await fill(texts);
  const doubts = Object.entries(columns).map(([name, type]) => {
    const none = type === 'VARCHAR' ? 'false' : isNone(type, identifier(name));
    return { name, none, loses: wouldLose(type, identifier(name)) ?? 'false' };
  });
  const asked = doubts.flatMap(({ none, loses }) => [none, loses].map((one) => `count(*) FILTER (${one})`));
  const { counts } = await job.one(`SELECT [${asked.join(', ')}] AS counts FROM page`, Doubtful);
  for (const [i, { name }] of doubts.entries()) {
    const where = { entity: part.name, field: name };
    const [others = 0, longer = 0] = counts.slice(2 * i);
    if (others > 0) {
      throw new LandfallError({
        code: 'read-back.type',
        kind: 'permanent',
        what: `The target holds ${others} values that are not of the kind that the blueprint's shape gives the field.`,
        where,
        hint: 'Give the field in the shape the type that it has in the target: `landfall check` compares them.',
      });
    }
    if (longer === 0) continue;
    throw new LandfallError({
      code: 'read-back.precision',
      kind: 'permanent',
      what: `The target holds ${longer} values with more digits than the blueprint's shape gives the field.`,
      where,
      hint: 'Raise the precision of the field in the shape, so that what is compared is what is there.',
    });
  }
  const casts = Object.entries(columns).map(([name, type]) => textAs(type, identifier(name)));
  await job.run(`INSERT INTO actual SELECT ${casts.join(', ')} FROM page`);
}

async function writeFile(
  job: DuckJob,
  staging: Staging,
  plan: Plan,
  task: ChunkTask,
  part: Part,
  number: number,
): Promise<StagedFile[]> {
  const entity = entityOf(plan, task.entity);
  const of = { entity: task.entity, step: 'readback', chunk: task.chunk };
  const secret = Object.keys(part.fields).filter((field) => isRestrictedField(plan, part, field));
  const hidden = secret.map(identifier).join(', ');
  const role = (name: string): string => `${roleOf(entity, part, name)}-${number}`;
  const files = [
    await writeRows(staging, job, of, `SELECT * ${hidden === '' ? '' : `EXCLUDE (${hidden})`} FROM actual`, {
      role: role('actual'),
      key: 'rows',
    }),
  ];
  if (hidden !== '') {
    const side = `SELECT _target, ${hidden} FROM actual`;
    files.push(
      await writeRows(staging, job, of, side, { role: role('actual-restricted'), key: restrictedKey(entity) }),
    );
  }
  return files;
}

interface Reading {
  target: Target;
  part: Part;
  call: TargetCall;
  columns: Readonly<Record<string, string>>;
  from: Checkpoint;
  beat: Beat;
}

type Read = Omit<Checkpoint, 'files'>;

/** The oldest answer is what the whole can be dated by. */
function oldest(from: Checkpoint, page: { asAt: string }): string {
  return from.asAt === '' ? page.asAt : from.asAt;
}

/**
 * A page that DuckDB reads by itself, of as many rows as a chunk has: what a job takes in at once, here as elsewhere. Null
 * where the target does not give these fields so.
 */
async function directPage({ target, part, call, columns, from }: Reading, rows: number): Promise<DirectPage | null> {
  const { readBackDirect } = target;
  if (readBackDirect === undefined) return null;
  const [, , ...fields] = Object.keys(columns);
  return explained({ target, call }, [part], () => readBackDirect(targetOf(part), fields, from.next, rows, call));
}

/** Has DuckDB read a page into the table `actual`. */
async function readDirect(
  job: DuckJob,
  { target, part, call, columns, from, beat }: Reading,
  page: DirectPage,
): Promise<Read> {
  await insertExactly(job, part, columns, async (texts) => {
    const names = Object.keys(texts).map(identifier).join(', ');
    await explained({ target, call }, [part], () =>
      page.request(() =>
        throughRead(job, page.read, async (select) => {
          // Another try reads the page from its beginning.
          await job.run('DELETE FROM page');
          await job.run(`INSERT INTO page SELECT ${names} FROM (${select})`);
        }),
      ),
    );
  });
  const { count } = await job.one('SELECT count(*) AS count FROM page', Counted);
  const rows = from.rows + count;
  beat.beat(rows);
  return { next: page.next, rows, asAt: oldest(from, page), done: page.next === null };
}

/** Reads as many pages of objects as go into one file, into the table `actual`. */
async function readPages(job: DuckJob, { target, part, call, columns, from, beat }: Reading): Promise<Read> {
  let { next, rows, asAt } = from;
  let done = false;
  const pageAfter = (after: string | null): Promise<ActualPage> => {
    const page = explained({ target, call }, [part], () => target.readBack(targetOf(part), after, call));
    // It may fail before anybody waits for it: then whoever waits for it is told.
    page.catch(() => {});
    return page;
  };
  let ahead: Promise<ActualPage> | null = pageAfter(next);
  try {
    for (let pages = 1; ahead; pages += 1) {
      const page: ActualPage = await ahead;
      next = page.next;
      done = next === null;
      // The target works on the next page while this one is taken in.
      ahead = done || pages === PagesAFile ? null : pageAfter(next);
      const found = page.rows.map((row) => flat(part, row));
      await insertExactly(job, part, columns, (texts) => job.insert('page', texts, found));
      rows += page.rows.length;
      asAt = oldest({ ...from, asAt }, page);
      beat.beat(rows);
    }
  } finally {
    await ahead?.catch(() => {});
  }
  return { next, rows, asAt, done };
}

/** Reads back what is in the target now, page by page; a lost worker's successor goes on where it stopped. */
export async function readBackPages(deps: Dependencies, task: ChunkTask, beat: Beat): Promise<ChunkResult> {
  const staging = await deps.staging(task.run);
  const plan = await loadPlan(staging, task.plan);
  const entity = entityOf(plan, task.entity);
  const part = partsOf(entity)[task.chunk];
  if (!part) throw new Error(`${entity.name} has no part ${task.chunk}`);
  const target = await deps.target(plan.target.name);
  const call = { gate: deps.gate(plan.target.name, plan.options), signal: beat.signal };
  const generation = (task.ledgers.references ?? task.ledgers.load ?? '').slice(0, 16);
  const pathOf = (number: number): string =>
    `runs/${task.run}/${entity.name}/readback/${part.name}-${generation}/checkpoint-${number}.json`;
  const read = async (number: number): Promise<Checkpoint | null> => {
    try {
      return await getSealed(staging, pathOf(number), Checkpoint);
    } catch (error) {
      if (error instanceof LandfallError && error.code === 'staging.gone') return null;
      throw error;
    }
  };

  let at: Checkpoint = { files: [], next: null, asAt: '', rows: 0, done: false };
  let number = 0;
  for (let found = await read(number); found !== null; found = await read(number)) {
    at = found;
    number += 1;
  }
  const keys = await parquetKeys(staging, ['rows', restrictedKey(entity)]);
  const columns = actualColumns(part);
  while (!at.done) {
    const from: Checkpoint = at;
    const of: Reading = { target, part, call, columns, from, beat };
    const page = await directPage(of, entity.chunkRows ?? plan.options.chunkRows);
    const options = { purpose: `read back ${part.name}`, keys, signal: beat.signal };
    const fileOf =
      (read: (job: DuckJob) => Promise<Read>) =>
      async (job: DuckJob): Promise<Checkpoint> => {
        await job.createTable('actual', columns);
        const { next, rows, asAt, done } = await read(job);
        const files = await writeFile(job, staging, plan, task, part, number);
        return { files: [...from.files, ...files], next, asAt, rows, done };
      };
    at = page
      ? await withReader(
          staging,
          page.read,
          options,
          fileOf((job) => readDirect(job, of, page)),
        )
      : await withOwnSql(
          staging,
          options,
          fileOf((job) => readPages(job, of)),
        );
    const { outcome } = await putSealed(staging, pathOf(number), at);
    // Another attempt was here first: what it staged is what counts.
    if (outcome === 'exists') at = (await read(number)) ?? at;
    number += 1;
  }
  const manifest = await writeManifest(staging, {
    version: 1,
    run: task.run,
    plan: task.plan,
    entity: entity.name,
    step: 'readback',
    chunk: task.chunk,
    files: at.files.map((file) => ({ ...file, role: file.role.replace(/-\d+$/, '') })),
    counts: {},
    position: at.asAt,
  });
  return { chunk: task.chunk, manifest, counts: {} };
}
