import type { Part } from '../model/blueprint.ts';

/** What each rule of Landfall's own means, in words for the people whose rows it holds back. */
export const reasons: Readonly<Record<string, string>> = {
  required: 'The target requires a value, and the source has none.',
  'legacy-key.null': 'The row has no key by which it could be told from others.',
  'mapping.failed':
    'The field cannot be worked out from what the source holds: the mapping does not expect such values.',
  'text.too-long': 'The text is longer than the target can hold.',
  'text.nul': 'The text holds a zero byte, which the target does not take.',
  'text.pattern': 'The text does not have the form that the target requires.',
  'number.format': 'The value is not a number.',
  'number.digits-lost': 'The target would lose digits of the number.',
  'number.too-small': 'The number is smaller than the target takes.',
  'number.too-large': 'The number is larger than the target can hold.',
  'choice.unknown': 'The value is none of those that the target knows.',
  'boolean.format': 'The value is neither yes nor no.',
  'date.format': 'The value is not a date.',
  'date.time-lost': 'The value has a time of day, which the target’s date would lose.',
  'date.range': 'The date lies outside of the years 1 to 9999, which is all that the target takes.',
  'timestamp.format': 'The value is not a point in time.',
  'timestamp.zone': 'The value does not say in which time zone it is.',
  'timestamp.digits-lost': 'The target would lose fractions of the second.',
  'timestamp.range': 'The point in time lies outside of the years 1 to 9999, which is all that the target takes.',
  'uuid.format': 'The value is not an identifier of the form that the target requires.',
  'document.line-held-back': 'A line of the document is held back, and documents move whole or not at all.',
  'document.held-back': 'The document that the line belongs to is held back as a whole.',
  'document.no-header': 'The line has no header in the source.',
  'document.header-left-behind': 'The document that the line belongs to stays behind on purpose.',
  'reference.missing': 'The row that it refers to is not in the target.',
};

/** Why rows fall under a rule: in the blueprint's own words where it is one of its rules. */
export function reasonFor(part: Part, rule: string): string {
  const check = part.checks.find((one) => one.name === rule);
  if (check) return check.hint;
  const left = part.leave.find((one) => one.name === rule);
  if (left) return left.reason;
  if (rule.startsWith('lookup.')) return `The value is not in the reference data «${rule.slice('lookup.'.length)}».`;
  return reasons[rule] ?? `The target refused the row, and calls the reason ${rule}.`;
}
