import type { FieldKind } from '../../model/shape.ts';
import type { Problem } from '../../model/errors.ts';
import { digitsOf, type Column } from './catalogue.ts';

/** Why a column does not hold what a shape allows. */
export interface Misfit {
  code: string;
  why: string;
  hint?: string;
  severity?: Problem['severity'];
}

/** Digits before the point that a whole-number type holds of every such number. */
const wholeDigits: Record<string, number> = { int2: 4, int4: 9, int8: 18 };
const bounds: Record<string, bigint> = { int2: 2n ** 15n, int4: 2n ** 31n, int8: 2n ** 63n };

const narrow = (why: string): Misfit => ({ code: 'target.too-narrow', why });

/** Types that people keep text in and that would give it back as another text. */
const changing: Record<string, string> = {
  bpchar: 'it drops blanks at the end',
  jsonb: 'it keeps the meaning of a JSON text and not the text',
  json: 'a value that is no JSON would be refused',
  bytea: 'bytes are moved as attachments, not as a field',
  xml: 'a value that is no XML would be refused',
  citext: 'it calls texts equal that differ in their letters’ case',
};

/** Whether a column holds every value that the shape allows, and gives it back as it was written; null when it does. */
export function misfit(kind: FieldKind, column: Column): Misfit | null {
  const { type } = column;
  const other: Misfit = { code: 'target.wrong-type', why: `it cannot hold a value of kind ${kind.kind}` };
  const only = (...types: string[]): Misfit | null => (types.includes(type) ? null : other);
  switch (kind.kind) {
    case 'text': {
      if (type === 'text' || column.enumeration) return null;
      const why = changing[type];
      if (type !== 'varchar') return why === undefined ? other : { ...other, why };
      const most = column.modifier < 4 ? null : column.modifier - 4;
      // PostgreSQL counts characters, of which there are never more than UTF-16 units.
      return most !== null && most < kind.max
        ? narrow(`it holds ${most} characters, and the shape allows ${kind.max}`)
        : null;
    }
    case 'decimal':
      return decimal(kind, column) ?? null;
    case 'integer':
      return whole(column, BigInt(kind.min ?? -(2 ** 31)), BigInt(kind.max ?? 2 ** 31 - 1), other);
    case 'bigint':
      return whole(column, -(2n ** 63n), 2n ** 63n - 1n, other);
    case 'choice': {
      const options = Object.keys(kind.options).map(BigInt);
      const most = options.reduce((a, b) => (b > a ? b : a), 0n);
      return whole(
        column,
        options.reduce((a, b) => (b < a ? b : a), 0n),
        most,
        other,
      );
    }
    case 'boolean':
      return only('bool');
    case 'date':
      return only('date');
    case 'timestamp':
      return instants(column, kind.precision, other);
    case 'uuid':
      if (type === 'uuid' || type === 'text') return null;
      if (type !== 'varchar') return other;
      return column.modifier >= 4 && column.modifier - 4 < 36 ? narrow('a UUID has 36 characters') : null;
    case 'reference':
      return null;
  }
}

function decimal({ precision, scale }: { precision: number; scale: number }, column: Column): Misfit | null {
  const before = precision - scale;
  const asked = `the shape allows ${before} digits before the point and ${scale} after it`;
  const digits = wholeDigits[column.type];
  if (digits !== undefined) return scale > 0 || before > digits ? narrow(asked) : null;
  if (column.type === 'float4' || column.type === 'float8') {
    return { code: 'target.wrong-type', why: 'floating point does not keep a decimal’s digits' };
  }
  if (column.type !== 'numeric') return { code: 'target.wrong-type', why: 'it cannot hold a value of kind decimal' };
  const holds = digitsOf(column);
  return holds && (holds.scale < scale || holds.precision - holds.scale < before) ? narrow(asked) : null;
}

function whole(column: Column, low: bigint, high: bigint, other: Misfit): Misfit | null {
  const bound = bounds[column.type];
  if (bound !== undefined) return low >= -bound && high < bound ? null : narrow('the shape allows larger numbers');
  if (column.type !== 'numeric') return other;
  const holds = digitsOf(column);
  if (!holds) return null;
  const largest = 10n ** BigInt(Math.max(0, holds.precision - holds.scale));
  return holds.scale >= 0 && low > -largest && high < largest ? null : narrow('the shape allows larger numbers');
}

function instants(column: Column, precision: 'second' | 'microsecond', other: Misfit): Misfit | null {
  if (column.type !== 'timestamptz' && column.type !== 'timestamp') return other;
  if (precision === 'microsecond' && column.modifier >= 0 && column.modifier < 6) {
    return narrow(`it holds ${column.modifier} digits of a second, and the shape allows six`);
  }
  if (column.type === 'timestamptz') return null;
  return {
    code: 'target.local-time',
    why: 'it does not say which time zone its values are in, and Landfall writes UTC',
    hint: 'See to it that whoever reads the column takes it as UTC, or make it timestamptz.',
    severity: 'warning',
  };
}
