import { LandfallError } from '../model/errors.ts';
import { Counts } from '../model/run.ts';

/** What is known of a part besides its counts. */
export interface AccountingFacts {
  part: string;
  /** Rows that the source itself counts in what is moved; null or missing where it was not asked. */
  sourceRows?: number | null;
  /** Whether several source rows may become one ready row (or one several): then the two need not be equal in number. */
  keyed?: boolean;
}

/** A sum that does not come out. */
export interface Imbalance {
  /** The sum, in the words of the architecture. */
  sum: string;
  expected: number;
  actual: number;
}

/**
 * Every sum of a part that does not come out:
 * extracted = contributing + rejected + left behind, and
 * ready = created + updated + unchanged + refused + blocked + pending + uncertain, the last two 0 before a report.
 * Rows that the source counts must have been extracted, all of them, and rows that contribute must have become ready.
 */
export function imbalances(counts: Counts, facts: AccountingFacts): Imbalance[] {
  const found: Imbalance[] = [];
  const expect = (sum: string, expected: number, actual: number): void => {
    if (expected !== actual) found.push({ sum, expected, actual });
  };
  for (const name of Object.keys(Counts.shape) as (keyof Counts)[]) {
    const value = counts[name];
    if (!Number.isSafeInteger(value) || value < 0)
      found.push({ sum: `${name} is a number of rows`, expected: 0, actual: value });
  }
  const { extracted, contributing, rejected, left, ready, created, updated, unchanged, refused, blocked } = counts;
  if (facts.sourceRows !== undefined && facts.sourceRows !== null) {
    expect('rows in the source = extracted', facts.sourceRows, extracted);
  }
  expect('extracted = contributing + rejected + left behind', extracted, contributing + rejected + left);
  if (facts.keyed !== true) expect('contributing = ready', contributing, ready);
  else if (contributing > 0 && ready === 0) expect('contributing rows become ready rows', contributing, ready);
  else if (contributing === 0) expect('nothing contributes, so nothing is ready', 0, ready);
  expect(
    'ready = created + updated + unchanged + refused + blocked + pending + uncertain',
    ready,
    created + updated + unchanged + refused + blocked + counts.pending + counts.uncertain,
  );
  expect('no row waits for its references', 0, counts.pending);
  expect('no row has an uncertain outcome', 0, counts.uncertain);
  return found;
}

/**
 * Proves that every row of a part is accounted for, before a report says anything about it.
 *
 * @throws LandfallError `accounting.imbalance`, permanent, naming the part and the sums; `accounting.empty` when nothing
 *   was extracted although the source has rows
 */
export function proveAccounting(counts: Counts, facts: AccountingFacts): void {
  const found = imbalances(counts, facts);
  const [first] = found;
  if (!first) return;
  const empty = counts.extracted === 0 && (facts.sourceRows ?? 0) > 0;
  const sums = found.map((one) => `${one.sum} (${one.expected} and ${one.actual})`).join('; ');
  throw new LandfallError({
    code: empty ? 'accounting.empty' : 'accounting.imbalance',
    kind: 'permanent',
    what: empty
      ? `Nothing was extracted, although the source has ${facts.sourceRows} rows.`
      : `The rows of a part are not all accounted for: ${sums}.`,
    where: { part: facts.part },
    hint: empty
      ? 'Look at the entity’s `where`, and at the rights of the account that reads; zero rows are never a success.'
      : 'This is a defect in Landfall: please report it with the plan. Nothing may be signed on these figures.',
  });
}
