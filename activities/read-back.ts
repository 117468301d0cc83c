import { z } from 'zod';
import type { ActualPage, ActualRow, TargetCall } from '../connectors/port.ts';
import type { Part } from '../model/blueprint.ts';
import { LandfallError } from '../model/errors.ts';
import type { Plan } from '../model/plan.ts';
import type { ChunkResult } from '../model/run.ts';
import { duckType } from '../model/shape.ts';
import { identifier } from '../model/sql.ts';
import type { DuckJob } from '../staging/duckdb/job.ts';
import { withOwnSql } from '../staging/own-sql.ts';
import type { Staging } from '../staging/index.ts';
import { StagedFile, writeManifest } from '../staging/manifest.ts';
import { parquetKeys, writeRows } from '../staging/rows.ts';
import { getSealed, putSealed } from '../staging/sealed.ts';
import type { ChunkTask } from './contract.ts';
import type { Beat, Dependencies } from './dependencies.ts';
import { loadPlan } from './documents.ts';
import { withReader } from './duck-read.ts';
import { insertExactly } from './insert-exactly.ts';
import { entityOf, isRestrictedField, partsOf, restrictedKey, roleOf, targetOf } from './parts.ts';
import { pagesAhead, readDirect, type ActualOf } from './read-back-direct.ts';
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

interface Reading extends ActualOf {
  call: TargetCall;
  from: Checkpoint;
  beat: Beat;
}

type Read = Omit<Checkpoint, 'files'>;

/** The oldest answer is what the whole can be dated by. */
function oldest(from: Checkpoint, page: { asAt: string }): string {
  return from.asAt === '' ? page.asAt : from.asAt;
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
  const options = { purpose: `read back ${part.name}`, keys, signal: beat.signal };
  /** @returns whether no other attempt was here first: then what it staged is what counts */
  const accept = async (made: Checkpoint): Promise<boolean> => {
    const { outcome } = await putSealed(staging, pathOf(number), made);
    at = outcome === 'exists' ? ((await read(number)) ?? made) : made;
    number += 1;
    beat.beat(at.rows);
    return outcome !== 'exists';
  };
  const rowsAPage = entity.chunkRows ?? plan.options.chunkRows;
  while (!at.done) {
    const of: Reading = { target, part, call, columns, from: at, beat };
    let direct = false;
    const pages = pagesAhead(of, call, { after: at.next, number, rows: rowsAPage }, (page, own, within) =>
      withReader(staging, page.read, { ...options, signal: within.signal }, async (job) => {
        await job.createTable('actual', columns);
        const rows = await readDirect(job, of, within, page);
        return { files: await writeFile(job, staging, plan, task, part, own), rows };
      }),
    );
    for await (const { files, rows, next, asAt } of pages) {
      direct = true;
      const made = { files: [...at.files, ...files], next, asAt: oldest(at, { asAt }), rows: at.rows + rows };
      if (!(await accept({ ...made, done: next === null }))) break;
    }
    if (direct) continue;
    await accept(
      await withOwnSql(staging, options, async (job) => {
        await job.createTable('actual', columns);
        const found = await readPages(job, of);
        const files = await writeFile(job, staging, plan, task, part, number);
        return { ...found, files: [...of.from.files, ...files] };
      }),
    );
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
