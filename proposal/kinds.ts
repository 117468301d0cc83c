import type { Holds } from '../connectors/port.ts';
import type { FieldKind } from '../model/shape.ts';

/** UTF-16 units that a text without a declared length may have: the most that Dataverse's largest text column holds. */
export const LongText = 1_048_576;

/** A text that is one of these. */
function oneOf(values: readonly string[]): FieldKind {
  const escaped = values.map((one) => one.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  const max = Math.max(1, ...values.map((one) => one.length));
  return { kind: 'text', max, pattern: `^(?:${escaped.join('|')})$` };
}

/** The field that takes every value of a column, and what one should know about it; null: no field takes bytes. */
export function mirrorOf(holds: Holds): { type: FieldKind; decide: string | null } | null {
  const type = (of: FieldKind, decide: string | null = null) => ({ type: of, decide });
  switch (holds.kind) {
    case 'text':
      return type({ kind: 'text', max: holds.max ?? LongText });
    case 'enum':
      return type(oneOf(holds.values));
    case 'decimal': {
      const { precision, scale } = holds;
      if (precision === null || scale === null) {
        return type(
          { kind: 'decimal', precision: 38, scale: 10 },
          'no number of digits is declared in the source: say how many count; rows with more are held back.',
        );
      }
      if (precision <= 38 && scale >= 0 && scale <= precision) return type({ kind: 'decimal', precision, scale });
      return type(
        { kind: 'text', max: precision + Math.abs(scale) + 2 },
        'too many digits for a decimal: it travels as text.',
      );
    }
    case 'integer':
      return type({ kind: 'integer' });
    case 'bigint':
    case 'boolean':
    case 'date':
    case 'uuid':
      return type({ kind: holds.kind });
    case 'instant':
    case 'localTime':
      return type({ kind: 'timestamp', precision: 'microsecond' });
    case 'float':
      return type(
        { kind: 'text', max: 40 },
        'a floating-point number travels as text; for a decimal say how many digits count: exact_decimal(…, digits).',
      );
    case 'other':
      return type({ kind: 'text', max: LongText });
    case 'bytes':
      return null;
  }
}

/** The field that a property of the target is, for values of a column; null: the property cannot take them as they are. */
export function fieldFor(from: Holds, to: Holds): FieldKind | null {
  switch (to.kind) {
    case 'text':
      return ['text', 'enum', 'integer', 'bigint', 'decimal', 'uuid', 'other'].includes(from.kind)
        ? { kind: 'text', max: to.max ?? LongText }
        : null;
    case 'decimal': {
      if (!['decimal', 'integer', 'bigint'].includes(from.kind)) return null;
      const declared = from.kind === 'decimal' ? from : { precision: 19, scale: 0 };
      const precision = Math.min(38, to.precision ?? declared.precision ?? 38);
      return { kind: 'decimal', precision, scale: Math.min(precision, to.scale ?? declared.scale ?? 10) };
    }
    case 'integer': {
      if (!isWhole(from)) return null;
      const range = { 8: { min: 0, max: 255 }, 16: { min: -32_768, max: 32_767 }, 32: {} }[to.bits];
      return { kind: 'integer', ...range };
    }
    case 'bigint':
      return isWhole(from) ? { kind: 'bigint' } : null;
    case 'enum': {
      const { values } = to;
      return from.kind === 'enum' && from.values.every((one) => values.includes(one)) ? oneOf(from.values) : null;
    }
    case 'instant':
    case 'localTime': {
      if (from.kind !== 'instant' && from.kind !== 'localTime') return null;
      return { kind: 'timestamp', precision: (to.digits ?? 0) < 6 ? 'second' : 'microsecond' };
    }
    case 'boolean':
    case 'date':
    case 'uuid':
      return from.kind === to.kind ? { kind: to.kind } : null;
    default:
      return null;
  }
}

function isWhole(holds: Holds): boolean {
  return holds.kind === 'integer' || holds.kind === 'bigint' || (holds.kind === 'decimal' && holds.scale === 0);
}

/** What a column or property holds, in words. */
export function inWords(holds: Holds): string {
  switch (holds.kind) {
    case 'text':
      return holds.max === null ? 'text' : `text of ${holds.max}`;
    case 'enum':
      return `one of ${holds.values.slice(0, 6).join(', ')}${holds.values.length > 6 ? ', …' : ''}`;
    case 'decimal':
      return holds.precision === null ? 'a decimal' : `decimal(${holds.precision}, ${holds.scale ?? 'any'})`;
    case 'integer':
      return 'an integer';
    case 'bigint':
      return 'a 64-bit integer';
    case 'boolean':
      return 'yes or no';
    case 'date':
      return 'a date';
    case 'instant':
      return 'an instant';
    case 'localTime':
      return 'a local time';
    case 'uuid':
      return 'a UUID';
    case 'float':
      return 'a floating-point number';
    case 'bytes':
      return 'bytes';
    case 'other':
      return 'of a type that Landfall has no field for';
  }
}
