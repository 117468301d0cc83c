import type { PartReport, Report } from '../model/report.ts';
import { number } from './html.ts';

/** Rows of a part that are in the target as they were meant, whoever wrote them. */
export function arrived(part: PartReport): number {
  const { created, updated, unchanged } = part.accounting;
  return created + updated + unchanged;
}

/** Rows that were to be moved and are held back: by a rule, by the target, or by a row that they refer to. */
export function heldBack(part: PartReport): number {
  const { rejected, refused, blocked } = part.accounting;
  return rejected + refused + blocked;
}

/** Findings that stand between a part and «whole». */
export function findings(part: PartReport): number {
  return part.differing + part.missing + part.unexpected + part.duplicates + (part.attachments?.differing ?? 0);
}

export function total(report: Report, of: (part: PartReport) => number): number {
  return report.parts.reduce((sum, part) => sum + of(part), 0);
}

/** A title within a sentence: `Organisations` loses its capital, `VAT codes` does not. */
function within(title: string): string {
  return /^\p{Lu}\p{Ll}/u.test(title) ? title.charAt(0).toLowerCase() + title.slice(1) : title;
}

function things(report: Report): string {
  const [only, ...others] = report.parts;
  return only && others.length === 0 ? within(only.title) : 'records';
}

function plural(n: number, one: string, many: string): string {
  return `${number(n)} ${n === 1 ? one : many}`;
}

function held(report: Report): string {
  const back = total(report, heldBack);
  const left = total(report, (part) => part.accounting.left);
  if (back + left === 0) return 'None was held back.';
  const parts = [
    ...(back === 0 ? [] : [`${number(back)} ${back === 1 ? 'was' : 'were'} held back`]),
    ...(left === 0 ? [] : [`${number(left)} ${left === 1 ? 'was' : 'were'} left behind on purpose`]),
  ];
  return `${parts.join(' and ')}; none is missing without a reason.`;
}

/** What the report says, in one or two sentences that need no explanation. */
export function headline(report: Report): string {
  const meant = total(report, arrived);
  const what = things(report);
  switch (report.verdict) {
    case 'whole':
      if (meant === 0) return `There were no ${what} to move. ${held(report)}`;
      return `All ${number(meant)} ${what} arrived and are as they were meant to be. ${held(report)}`;
    case 'differs': {
      const rows = total(report, (part) => part.differing + part.missing + part.unexpected + part.duplicates);
      const attachments = total(report, (part) => part.attachments?.differing ?? 0);
      const controls = report.figures.filter((one) => one.judgement === 'unexplained').length;
      const said = [
        ...(rows === 0
          ? []
          : [
              `${number(rows)} of ${number(meant)} ${what} ${rows === 1 ? 'is not as it' : 'are not as they'} should be`,
            ]),
        ...(attachments === 0 ? [] : [plural(attachments, 'attachment differs', 'attachments differ')]),
        ...(controls === 0 ? [] : [`${plural(controls, 'control does', 'controls do')} not agree`]),
      ];
      const last = said.pop();
      if (last === undefined) return `The target does not yet hold what it was meant to hold.`;
      return `${said.length === 0 ? last : `${said.join(', ')} and ${last}`}.`;
    }
    case 'unverified':
      return `${number(meant)} ${what} arrived and none was found to differ, but not everything could be verified.`;
  }
}
