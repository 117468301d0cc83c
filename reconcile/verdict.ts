import type { FigureReport, PartReport, Report } from '../model/report.ts';

/** A number of things, in words that fit it. */
export function counted(n: number, one: string, many: string): string {
  return `${n.toLocaleString('en-GB')} ${n === 1 ? one : many}`;
}

/**
 * What the target refused, where that is more than the blueprint allows: each such row has a reason and is listed, but a
 * target that lets in half of them is not a whole one. Rejects of the mapping were asked about before the load, and what
 * waits for a refused row is said of that row's part.
 */
function refusalsOf({ accounting: { ready, refused }, refusedLimit = 1 }: PartReport): string | null {
  if (ready === 0 || refused / ready <= refusedLimit) return null;
  const share = (refusedLimit * 100).toLocaleString('en-GB', { maximumFractionDigits: 2 });
  const rows = counted(refused, 'row was', 'rows were');
  return `${rows} refused by the target: more than the ${share} % that the blueprint allows.`;
}

/** What was found to differ in a part. */
function differencesOf(part: PartReport): string[] {
  const found: string[] = [];
  const say = (n: number, one: string, many: string): void => {
    if (n > 0) found.push(`${part.title}: ${counted(n, one, many)}.`);
  };
  say(part.differing, 'row differs from what was meant', 'rows differ from what was meant');
  say(part.missing, 'row is missing in the target', 'rows are missing in the target');
  say(
    part.unexpected,
    'row in the target is not one that was meant',
    'rows in the target are not ones that were meant',
  );
  say(part.duplicates, 'row is in the target more than once', 'rows are in the target more than once');
  say(part.attachments?.differing ?? 0, 'attachment differs', 'attachments differ');
  const due = part.attachments?.due;
  if (part.attachments && due !== undefined && due > part.attachments.moved) {
    say(due - part.attachments.moved, 'attachment has not arrived', 'attachments have not arrived');
  }
  say(part.accounting.uncertain, 'row has an uncertain outcome', 'rows have an uncertain outcome');
  say(part.accounting.pending, 'row still waits for its references', 'rows still wait for their references');
  const tooMany = refusalsOf(part);
  if (tooMany !== null) found.push(`${part.title}: ${tooMany}`);
  const { targetCount, readBack } = part;
  if (targetCount !== null && targetCount !== readBack) {
    const counts = `the target counts ${counted(targetCount, 'row', 'rows')}, but ${readBack.toLocaleString('en-GB')} were read back`;
    found.push(`${part.title}: ${counts}.`);
  }
  return found;
}

/** What nothing can be said about in a part. */
function gapsOf(part: PartReport): string[] {
  const gaps = part.notCompared.map(
    ({ field, reason }) => `${part.title}: ${field} was not compared, because ${reason}.`,
  );
  if (part.consistency === 'fuzzy') {
    gaps.push(
      `${part.title}: was read while it changed, and is verified only once it has been synchronised with the source.`,
    );
  }
  if (part.compared.length === 0 && part.equal > 0) gaps.push(`${part.title}: no field was compared.`);
  return gaps;
}

/**
 * What stands between a report and «whole», in sentences that an owner can act on. What differs outweighs what could not
 * be verified; a report is whole only where everything was compared and found equal or explained.
 */
export function verdictOf(
  parts: readonly PartReport[],
  figures: readonly FigureReport[],
): { verdict: Report['verdict']; reasons: string[] } {
  const differs = parts.flatMap(differencesOf);
  const unverified = parts.flatMap(gapsOf);
  if (parts.length === 0) unverified.push('Nothing was compared.');
  for (const figure of figures) {
    if (figure.judgement === 'unexplained') differs.push(`Control «${figure.title}» does not agree.`);
    if (figure.judgement === 'unverified') {
      const why = figure.note === '' ? '' : `: ${figure.note}`;
      unverified.push(`Control «${figure.title}» could not be computed on both sides${why}.`);
    }
  }
  if (differs.length > 0) return { verdict: 'differs', reasons: [...differs, ...unverified] };
  if (unverified.length > 0) return { verdict: 'unverified', reasons: unverified };
  return { verdict: 'whole', reasons: [] };
}
