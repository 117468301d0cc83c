import { z } from 'zod';
import { LandfallError } from '../model/errors.ts';
import type { DuckJob } from '../staging/duckdb/job.ts';
import type { TwoSides } from './buckets.ts';
import { leftOver } from './left-over.ts';
import {
  bothSides,
  comparedRows,
  countEach,
  meeting,
  metIn,
  Of,
  PiecesAtOnce,
  rowsMet,
  waitingIn,
  type OfBoth,
  type Side,
} from './meeting.ts';

/** How much is looked at at a time, in rows of a side. */
export interface OrderLimits {
  /** That are read in a step, about. */
  step: number;
  /** Of the largest piece that is read at once. */
  piece: number;
  /** That wait for their other half. */
  waiting: number;
  /** That may be left over: with more it costs less to judge all of them otherwise. */
  left: number;
}

/** A step takes a chunk of the usual size, and a piece may be what a step of a run takes in at a time. */
const Usual: OrderLimits = { step: 50_000, piece: 500_000, waiting: 150_000, left: 100_000 };
/** Stretches of both sides that are walked along at the same time. */
const Lanes = 2;

/** What came of comparing two sides in their order. */
export interface InOrder {
  /** Rows that were read. */
  read: OfBoth<number>;
  /** Pairs of rows that met and hold the same values. */
  same: number;
  /** What is left to be judged: all rows of every key that is not settled. Null where that is nothing. */
  left: TwoSides | null;
}

/** What is walked along. */
interface Way {
  job: DuckJob;
  sides: TwoSides;
  limits: OrderLimits;
}

/** How far a walk is. */
interface Walk {
  read: OfBoth<number>;
  same: number;
  /** Whether a row met more than one: then of rows that are left not all values were kept. */
  twice: boolean;
  /** Rows that wait in each lane. */
  waiting: OfBoth<number>[];
}

const Count = z.object({ n: z.coerce.number() });
const Met = z.object({
  same: z.coerce.number(),
  differ: z.coerce.number(),
  both: z.coerce.number(),
  keys: z.coerce.number(),
  meant: z.coerce.number(),
  actual: z.coerce.number(),
});

/**
 * Compares two sides that come in about the same order, value by value: rows that meet and hold the same are settled, and
 * the rest waits for later steps. Each row is read once. Targets that keep the source's keys, or number rows as they come,
 * give them back so.
 *
 * A key that is not settled is left with all of its rows, also those that had met: so a row that the target holds twice
 * is found wherever the other one is. Keys of what was meant are taken to be unique here, which the seal of every
 * transform proves; of keys that are left it is proven again.
 *
 * What is left reads the tables `left_meant` and `left_actual` of the job, which `forgetLeft` drops.
 *
 * @returns null where the sides are not in the same order, which shows after a few steps, or where memory does not
 *   suffice: then nothing is settled
 */
export async function settleInOrder(
  job: DuckJob,
  sides: TwoSides,
  beat: () => void,
  limits: OrderLimits = Usual,
): Promise<InOrder | null> {
  const pieces = { meant: await piecesOf(job, sides, 'meant'), actual: await piecesOf(job, sides, 'actual') };
  beat();
  if ([...pieces.meant, ...pieces.actual].some(({ rows }) => rows > limits.piece)) return null;
  const steps = stepsOf(pieces, limits.step);
  const lanes = Math.min(Lanes, steps.length);
  const settled = await settle({ job, sides, limits }, steps, lanes, beat).catch(withoutMemory);
  for (const lane of Array.from({ length: lanes }).keys()) {
    await drop(job, [metIn(lane), ...bothSides.map((side) => waitingIn(side, lane))]);
  }
  if (!settled?.left) await forgetLeft(job);
  await drop(job, ['unsettled']);
  return settled;
}

async function settle(
  of: Way,
  steps: readonly OfBoth<readonly string[]>[],
  lanes: number,
  beat: () => void,
): Promise<InOrder | null> {
  await begin(of, lanes);
  const walk = await walkAlong(of, steps, lanes, beat);
  return walk && { read: walk.read, same: walk.same, left: await leftOver(of.job, of.sides, !walk.twice, beat) };
}

/** Pieces side by side need more memory than one after the other does: what is too little for that may do for hashes. */
function withoutMemory(error: unknown): null {
  if (error instanceof LandfallError && error.code === 'duckdb.memory') return null;
  throw error;
}

/** Drops what was left, once it is judged and taken apart. */
export async function forgetLeft(job: DuckJob): Promise<void> {
  await drop(job, ['left_meant', 'left_actual']);
}

async function drop(job: DuckJob, tables: readonly string[]): Promise<void> {
  for (const table of tables) await job.run(`DROP TABLE IF EXISTS ${table}`);
}

/**
 * How many pairs of rows are settled: those of whose key no other row turned up.
 *
 * @param judged rows that were left, and judged otherwise
 * @throws LandfallError `accounting.imbalance`: a defect, never a matter of retrying
 */
export function settledPairs({ read, same, left }: InOrder, judged: OfBoth<number>): number {
  const settled = read.meant - judged.meant;
  const fits = left === null ? settled === same : settled >= 0 && settled <= same;
  if (fits && settled === read.actual - judged.actual) return settled;
  throw new LandfallError({
    code: 'accounting.imbalance',
    kind: 'permanent',
    what: `Of ${read.meant} rows that were meant and ${read.actual} that were found, ${same} pairs hold the same, and ${judged.meant} and ${judged.actual} rows were left: that does not add up.`,
    where: { step: 'reconcile' },
    hint: 'This is a defect in Landfall: please report it with the plan.',
  });
}

interface Piece {
  relation: string;
  rows: number;
}

async function piecesOf(job: DuckJob, sides: TwoSides, side: Side): Promise<Piece[]> {
  const counts = await countEach(job, sides.keys[side]);
  return sides[side].map((relation, piece) => ({ relation, rows: counts[piece] ?? 0 }));
}

/** Which pieces are read in which step: in their order, and as large a share of the one side as of the other. */
function stepsOf(pieces: OfBoth<readonly Piece[]>, rowsAStep: number): OfBoth<string[]>[] {
  const rowsOf = (side: Side): number => pieces[side].reduce((sum, { rows }) => sum + rows, 0);
  const number = Math.max(1, Math.ceil(Math.max(rowsOf('meant'), rowsOf('actual')) / rowsAStep));
  const steps = Array.from({ length: number }, (): OfBoth<string[]> => ({ meant: [], actual: [] }));
  for (const side of bothSides) {
    const all = Math.max(1, rowsOf(side));
    let before = 0;
    for (const { relation, rows } of pieces[side]) {
      steps[Math.min(number - 1, Math.floor((before / all) * number))]?.[side].push(relation);
      before += rows;
    }
  }
  return steps.flatMap(inFewPieces);
}

/** A step of many pieces as several, each with as large a share of both sides. */
function inFewPieces({ meant, actual }: OfBoth<string[]>): OfBoth<string[]>[] {
  const number = Math.max(1, Math.ceil(Math.max(meant.length, actual.length) / PiecesAtOnce));
  return Array.from({ length: number }, (_, i) => {
    const share = (pieces: readonly string[]): string[] =>
      pieces.slice(Math.floor((i * pieces.length) / number), Math.floor(((i + 1) * pieces.length) / number));
    return { meant: share(meant), actual: share(actual) };
  });
}

async function begin({ job, sides }: Way, lanes: number): Promise<void> {
  for (const side of bothSides) {
    const none = `SELECT * FROM (${comparedRows(sides, side, sides[side][0] ?? '')}) LIMIT 0`;
    const waiting = Array.from({ length: lanes }, (_, lane) => waitingIn(side, lane));
    for (const table of [`left_${side}`, ...waiting]) await job.run(`CREATE OR REPLACE TABLE ${table} AS ${none}`);
  }
}

/** @returns null where more is left than may be */
async function walkAlong(
  of: Way,
  steps: readonly OfBoth<readonly string[]>[],
  lanes: number,
  beat: () => void,
): Promise<Walk | null> {
  const { job, sides } = of;
  const walk: Walk = {
    read: { meant: 0, actual: 0 },
    same: 0,
    twice: false,
    waiting: Array.from({ length: lanes }, () => ({ meant: 0, actual: 0 })),
  };
  const stretch = Math.ceil(steps.length / lanes);
  for (let turn = 0; turn < stretch; turn += 1) {
    const now = walk.waiting.flatMap((_, lane) => {
      const step = steps[lane * stretch + turn];
      return step ? [{ lane, step }] : [];
    });
    await job.runEach(
      now.map(({ lane, step }) => meeting(sides, lane, [lane], step)),
      beat,
    );
    for (const { lane } of now) await takeIn(of, walk, lane, [lane]);
    if (await isTooMuch(of)) return null;
  }
  if (lanes > 1) {
    // Where one stretch ends and the next begins, rows have waited on either side.
    const all = [...walk.waiting.keys()];
    await job.run(meeting(sides, 0, all, { meant: [], actual: [] }));
    await takeIn(of, walk, 0, all);
  }
  for (const side of bothSides) await job.run(`INSERT INTO left_${side} SELECT * FROM ${waitingIn(side, 0)}`);
  beat();
  return (await isTooMuch(of)) ? null : walk;
}

/** Settles what met in a lane, and has the rest wait in it. */
async function takeIn({ job, sides, limits }: Way, walk: Walk, lane: number, from: readonly number[]): Promise<void> {
  const met = metIn(lane);
  const both = `${Of.meant} AND ${Of.actual}`;
  const differ = `${both} AND NOT ${Of.same}`;
  const alone = { meant: `NOT ${Of.actual}`, actual: `NOT ${Of.meant}` };
  const found = await job.one(
    `SELECT count(*) FILTER (${Of.same}) AS same, count(*) FILTER (${differ}) AS differ,
       count(*) FILTER (${both}) AS "both", count(DISTINCT _key) FILTER (${both}) AS keys,
       count(*) FILTER (${alone.meant}) AS meant, count(*) FILTER (${alone.actual}) AS actual FROM ${met}`,
    Met,
  );
  walk.same += found.same;
  // A row that was meant and met several is there once for each.
  walk.read.meant += found.meant + found.keys;
  walk.read.actual += found.actual + found.both;
  const twice = found.both > found.keys;
  walk.twice ||= twice;
  const again = `SELECT _key FROM ${met} WHERE ${both} GROUP BY _key HAVING count(*) > 1`;
  const left = twice ? `${both} AND (NOT ${Of.same} OR _key IN (${again}))` : differ;
  for (const side of bothSides) {
    const rows = rowsMet(sides, side, lane);
    if (twice || found.differ > 0) await job.run(`INSERT INTO left_${side} ${rows} WHERE ${left}`);
    for (const one of from) {
      walk.read[side] -= walk.waiting[one]?.[side] ?? 0;
      await job.run(`DELETE FROM ${waitingIn(side, one)}`);
    }
    const waiting = waitingIn(side, lane);
    await job.run(`CREATE OR REPLACE TABLE ${waiting} AS ${rows} WHERE ${alone[side]}`);
    if (found[side] > limits.waiting) {
      await job.run(`INSERT INTO left_${side} SELECT * FROM ${waiting}`);
      await job.run(`DELETE FROM ${waiting}`);
    }
  }
  for (const one of from) walk.waiting[one] = { meant: 0, actual: 0 };
  const waits = (side: Side): number => (found[side] > limits.waiting ? 0 : found[side]);
  walk.waiting[lane] = { meant: waits('meant'), actual: waits('actual') };
}

async function isTooMuch({ job, limits }: Way): Promise<boolean> {
  const counts = bothSides.map((side) => `(SELECT count(*) FROM left_${side})`);
  return (await job.one(`SELECT greatest(${counts.join(', ')}) AS n`, Count)).n > limits.left;
}
