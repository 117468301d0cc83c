import type { FieldKind, FieldShape } from '../model/shape.ts';
import { duckType } from '../model/shape.ts';
import { literal, textAs } from '../model/sql.ts';
import { wouldLose } from './lossless.ts';

/** A field's value as the target can hold it, and the rules under which a value does not fit. */
export interface Fit {
  /** The value in its final type; NULL where it does not fit. */
  value: string;
  /** Rule to condition, in the order in which they are reported; only the first that holds is. */
  rules: { rule: string; when: string }[];
}

/** The most characters of an offending value that a reject keeps. */
export const RejectValueLength = 4000;

const isExactNumber = /^(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|DECIMAL\((\d+),(\d+)\))$/;

const isNumber = /^(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|DECIMAL.*|FLOAT|DOUBLE)$/;

/** A day as texts write it that say the year first. */
const Day = '\\d{4,6}[-/]\\d{1,2}[-/]\\d{1,2}( \\(BC\\))?';

/** Digits after the point that a raw type can carry; null when its text must be looked at. */
function scaleOf(rawType: string): number | null {
  const found = isExactNumber.exec(rawType);
  if (!found) return null;
  return found[2] === undefined ? 0 : Number(found[2]);
}

/** UTF-16 units of a text: what OData and Dataverse count. Characters above the BMP count twice. */
export function utf16Length(text: string): string {
  return `(length(${text}) + length(regexp_replace(${text}, '[^\\x{10000}-\\x{10FFFF}]', '', 'g')))`;
}

function numberFit(raw: string, rawType: string, type: string, scale: number): Fit {
  const value = rawType === 'VARCHAR' ? `(${textAs(type, raw, 'TRY_CAST')})` : `TRY_CAST(${raw} AS ${type})`;
  const rules = [];
  const rawScale = scaleOf(rawType);
  if (rawScale === null) {
    const shape = literal('^\\s*[+-]?(\\d+(\\.\\d*)?|\\.\\d+)\\s*$');
    rules.push({ rule: 'number.format', when: `NOT regexp_full_match(CAST(${raw} AS VARCHAR), ${shape})` });
  }
  if (rawScale === null || rawScale > scale) {
    const fits = literal(`^\\s*[+-]?\\d*(\\.\\d{0,${scale}}0*)?\\s*$`);
    rules.push({ rule: 'number.digits-lost', when: `NOT regexp_full_match(CAST(${raw} AS VARCHAR), ${fits})` });
  }
  rules.push({ rule: 'number.too-large', when: `${value} IS NULL` });
  return { value, rules };
}

/** The first day and the last that every side writes alike: ISO 8601 with four digits of a year. */
const outOfRange = (value: string, type: 'DATE' | 'TIMESTAMPTZ'): string =>
  `${value} < ${type} '0001-01-01' OR ${value} >= ${type} '10000-01-01'`;

function dateFit(raw: string, rawType: string): Fit {
  const value = `TRY_CAST(${raw} AS DATE)`;
  const rules = [];
  if (rawType.startsWith('TIMESTAMP')) {
    rules.push({ rule: 'date.time-lost', when: `CAST(${value} AS TIMESTAMP) <> CAST(${raw} AS TIMESTAMP)` });
  } else if (rawType !== 'DATE') {
    // DuckDB reads the day at the beginning of a text and lets go what comes after it: a time, `BC`, or anything else.
    const text = `CAST(${raw} AS VARCHAR)`;
    const midnight = literal(`^\\s*${Day}([T ]+00:00(:00([.]0*)?)?)?\\s*$`);
    const timed = literal(`^\\s*${Day}[T ]+\\d{1,2}:\\d{2}.*$`);
    const otherwise = `NOT regexp_full_match(${text}, ${midnight})`;
    rules.push(
      { rule: 'date.time-lost', when: `${otherwise} AND regexp_full_match(${text}, ${timed})` },
      { rule: 'date.format', when: otherwise },
    );
  }
  rules.push(
    { rule: 'date.format', when: `${value} IS NULL OR NOT isfinite(${value})` },
    { rule: 'date.range', when: outOfRange(value, 'DATE') },
  );
  return { value, rules };
}

function timestampFit(raw: string, rawType: string, precision: 'second' | 'microsecond'): Fit {
  const exact = `TRY_CAST(${raw} AS TIMESTAMPTZ)`;
  const value = precision === 'second' ? `date_trunc('second', ${exact})` : exact;
  const rules = [{ rule: 'timestamp.format', when: `${value} IS NULL OR NOT isfinite(${value})` }];
  if (rawType === 'VARCHAR') {
    const zoneless = literal(`^\\s*${Day}([T ]+\\d{1,2}:\\d{2}(:\\d{2}([.]\\d*)?)?)?\\s*$`);
    rules.push({ rule: 'timestamp.zone', when: `regexp_full_match(${raw}, ${zoneless})` });
    const lost = precision === 'second' ? null : wouldLose('TIMESTAMPTZ', raw);
    if (lost !== null) rules.push({ rule: 'timestamp.digits-lost', when: lost });
  }
  rules.push({ rule: 'timestamp.range', when: outOfRange(value, 'TIMESTAMPTZ') });
  return { value, rules };
}

function kindFit(kind: FieldKind, raw: string, rawType: string): Fit {
  const type = duckType(kind);
  switch (kind.kind) {
    case 'text': {
      const value = `CAST(${raw} AS VARCHAR)`;
      const rules = [
        // Cheap tests first: counting units takes a regular expression, and few texts come near the limit.
        { rule: 'text.too-long', when: `strlen(${value}) > ${kind.max} AND ${utf16Length(value)} > ${kind.max}` },
        { rule: 'text.nul', when: `contains(${value}, chr(0))` },
      ];
      if (kind.pattern !== undefined) {
        rules.push({ rule: 'text.pattern', when: `NOT regexp_matches(${value}, ${literal(kind.pattern)})` });
      }
      return { value, rules };
    }
    case 'decimal':
      return numberFit(raw, rawType, type, kind.scale);
    case 'bigint':
      return numberFit(raw, rawType, type, 0);
    case 'integer': {
      const fit = numberFit(raw, rawType, type, 0);
      if (kind.min !== undefined) fit.rules.push({ rule: 'number.too-small', when: `${fit.value} < ${kind.min}` });
      if (kind.max !== undefined) fit.rules.push({ rule: 'number.too-large', when: `${fit.value} > ${kind.max}` });
      return fit;
    }
    case 'choice': {
      const fit = numberFit(raw, rawType, type, 0);
      fit.rules.push({ rule: 'choice.unknown', when: `${fit.value} NOT IN (${Object.keys(kind.options).join(', ')})` });
      return fit;
    }
    case 'boolean': {
      const value = `TRY_CAST(${raw} AS BOOLEAN)`;
      const rules = [{ rule: 'boolean.format', when: `${value} IS NULL` }];
      // DuckDB takes every number but 0 for true, NaN included.
      if (isNumber.test(rawType)) rules.push({ rule: 'boolean.format', when: `${raw} NOT IN (0, 1)` });
      return { value, rules };
    }
    case 'date':
      return dateFit(raw, rawType);
    case 'timestamp':
      return timestampFit(raw, rawType, kind.precision);
    case 'uuid': {
      const value = `CAST(TRY_CAST(${raw} AS UUID) AS VARCHAR)`;
      return { value, rules: [{ rule: 'uuid.format', when: `${value} IS NULL` }] };
    }
    case 'reference':
      return { value: `CAST(${raw} AS VARCHAR)`, rules: [] };
  }
}

/**
 * How one mapped value is brought into the shape of its field. Nothing is rounded, cut or guessed: a value that the
 * field cannot hold exactly breaks a rule, and the row is held back.
 *
 * @param raw the SQL of the value as mapped
 * @param rawType its DuckDB type
 */
export function fitField(shape: FieldShape, raw: string, rawType: string): Fit {
  if (rawType === '"NULL"' || rawType === 'NULL') {
    return {
      value: `CAST(NULL AS ${duckType(shape.type)})`,
      rules: shape.required ? [{ rule: 'required', when: 'true' }] : [],
    };
  }
  const fit = kindFit(shape.type, raw, rawType);
  const rules = fit.rules.map((one) => ({ rule: one.rule, when: `${raw} IS NOT NULL AND (${one.when})` }));
  if (shape.required) rules.unshift({ rule: 'required', when: `${raw} IS NULL` });
  return { value: fit.value, rules };
}

/** One entry of a row's list of broken rules: NULL when none is broken. */
export function brokenRule(field: string | null, rules: Fit['rules'], value: string): string {
  if (rules.length === 0) return 'NULL';
  const rule = `CASE ${rules.map((one) => `WHEN ${one.when} THEN ${literal(one.rule)}`).join(' ')} END`;
  return entryOf(rule, field, value);
}

/** A reject entry for a rule that is an expression; NULL when the rule is. */
export function entryOf(rule: string, field: string | null, value: string): string {
  const kept = `left(CAST(${value} AS VARCHAR), ${RejectValueLength})`;
  return `CASE WHEN (${rule}) IS NOT NULL THEN {'rule': ${rule}, 'field': ${literal(field ?? '')}, 'value': ${kept}} END`;
}

/** The type of a row's list of broken rules. */
export const RejectList = 'STRUCT("rule" VARCHAR, "field" VARCHAR, "value" VARCHAR)[]';
