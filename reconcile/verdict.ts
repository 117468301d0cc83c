import type { FigureReport, PartReport, Report } from '../model/report.ts';

function rows(n: number, one: string, many: string): string {
  return `${n.toLocaleString('en-GB')} ${n === 1 ? one : many}`;
}

/** What stands between a report and «whole», in sentences that an owner can act on. */
export function verdictOf(
  parts: readonly PartReport[],
  figures: readonly FigureReport[],
): { verdict: Report['verdict']; reasons: string[] } {
  const differs: string[] = [];
  const unverified: string[] = [];
  for (const part of parts) {
    const say = (n: number, one: string, many: string): void => {
      if (n > 0) differs.push(`${part.title}: ${rows(n, one, many)}.`);
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
    say(part.accounting.uncertain, 'row has an uncertain outcome', 'rows have an uncertain outcome');
    say(part.accounting.pending, 'row still waits for its references', 'rows still wait for their references');
    if (part.targetCount !== null && part.targetCount !== part.readBack) {
      differs.push(`${part.title}: the target counts ${part.targetCount} rows, but ${part.readBack} were read back.`);
    }
  }
  for (const figure of figures) {
    if (figure.judgement === 'unexplained') differs.push(`Control «${figure.title}» does not agree.`);
    if (figure.judgement === 'unverified')
      unverified.push(`Control «${figure.title}» could not be computed on both sides.`);
  }
  if (differs.length > 0) return { verdict: 'differs', reasons: [...differs, ...unverified] };
  if (unverified.length > 0) return { verdict: 'unverified', reasons: unverified };
  return { verdict: 'whole', reasons: [] };
}
