import type { FieldKind } from '../model/shape.ts';
import { constantOf } from './names.ts';
import type { ProposedEntity, ProposedField, Suggestion } from './proposal.ts';
import {
  codeComment,
  comment,
  decision,
  docComment,
  importLines,
  listLines,
  propertyName,
  quote,
  sqlText,
} from './source-text.ts';

/** The builder that describes a field, as code. */
function shapeText(type: FieldKind): string {
  switch (type.kind) {
    case 'text': {
      const max = type.max.toString().replaceAll(/\B(?=(\d{3})+$)/g, '_');
      return `text(${max}${type.pattern === undefined ? '' : `, { pattern: /${type.pattern}/ }`})`;
    }
    case 'decimal':
      return `decimal(${type.precision}, ${type.scale})`;
    case 'integer': {
      const bounds = [
        ...(type.min === undefined ? [] : [`min: ${type.min}`]),
        ...(type.max === undefined ? [] : [`max: ${type.max}`]),
      ];
      return bounds.length === 0 ? 'integer()' : `integer({ ${bounds.join(', ')} })`;
    }
    case 'timestamp':
      return type.precision === 'second' ? `timestamp({ precision: 'second' })` : 'timestamp()';
    case 'bigint':
      return 'bigInteger()';
    case 'boolean':
      return 'flag()';
    case 'date':
    case 'uuid':
      return `${type.kind}()`;
    case 'choice':
      return `choice({ ${Object.entries(type.options)
        .map(([value, label]) => `${value}: ${quote(label)}`)
        .join(', ')} })`;
    case 'reference':
      return `reference(${type.collections.map(quote).join(', ')})`;
  }
}

function sourceText({ source }: ProposedField): string {
  switch (source.kind) {
    case 'sql':
      return sqlText(source.sql);
    case 'localTime':
      return `localTime(${sqlText(source.sql)})`;
    case 'crosswalk': {
      const keys = source.keys.map(sqlText);
      const key = keys.length === 1 ? (keys[0] ?? '') : `[${keys.join(', ')}]`;
      const options = source.later ? `, { later: true, whenMissing: 'null' }` : '';
      return `crosswalk(${quote(source.entity)}, ${key}${options})`;
    }
  }
}

/** The builders that an entity's text calls, in the order of the alphabet. */
function builders(lines: readonly string[]): string[] {
  const code = lines
    .filter((line) => !/^\s*(\/\/|\*|\/\*)/.test(line))
    .join('\n')
    .replaceAll(/`[^`]*`|'(?:[^'\\]|\\.)*'/g, (literal) => literal.charAt(0));
  const called = new Set([...code.matchAll(/(?<![.\w$])([a-zA-Z]+)(?=[(`])/g)].map(([, name]) => name ?? ''));
  called.delete('localTime');
  return [...called].sort();
}

function rowsText(rows: number): string {
  return rows === 0 ? '' : ` (about ${rows.toLocaleString('en-GB')} rows)`;
}

/** One entity as a file of a blueprint. */
export function entityText(entity: ProposedEntity): string {
  const { collection } = entity;
  const head = [`${entity.title}, from ${entity.object}${rowsText(entity.estimatedRows)}.`];
  if (entity.comment !== null) head.push(`The source says: ${entity.comment.trim()}`);
  const classes = Object.entries(entity.classify);
  const body = [
    ...docComment(head),
    ...entity.decide.flatMap((one) => decision(one, '')),
    `export const ${constantOf(entity.name)} = entity(${quote(entity.name)}, {`,
    `  title: ${quote(entity.title)},`,
    ...entity.notes.flatMap((one) => comment(one, '  ')),
    ...fromLines(entity, classes),
    ...collection.decide.flatMap((one) => decision(one, '  ')),
    `  to: collection(${quote(collection.name)}, {`,
    `    id: ${quote(collection.id)},`,
    `    legacyKey: ${quote(collection.legacyKey)},`,
    ...(collection.write === 'create' ? [`    write: 'create',`] : []),
    ...block('shape', entity.fields.flatMap(shapeLines), '    '),
    '  }),',
    `  legacyKey: ${sqlText(entity.legacyKey)},`,
    ...block(
      'fields',
      [
        ...entity.fields.flatMap((one) => [
          ...(one.source.kind === 'crosswalk' && one.source.later
            ? comment('Set in a second pass, when every row that it may point at is there.', '    ')
            : []),
          ...one.decide.flatMap((text) => decision(text, '    ')),
          `    ${propertyName(one.field)}: ${sourceText(one)},`,
        ]),
        ...suggestions(entity, 'fields', '    '),
      ],
      '  ',
    ),
    ...suggestions(entity, 'entity', '  '),
    '});',
  ];
  const local = entity.fields.some((one) => one.source.kind === 'localTime');
  return [
    ...importLines(builders(body), 'landfall'),
    ...(local ? [`import { localTime } from './clock.ts';`] : []),
    '',
    ...body,
    '',
  ].join('\n');
}

function suggestions(entity: ProposedEntity, among: Suggestion['among'], indent: string): string[] {
  return entity.suggestions
    .filter((one) => one.among === among)
    .flatMap((one) => [...decision(one.decide, indent), ...codeComment(one.code, indent)]);
}

function block(name: string, lines: readonly string[], indent: string): string[] {
  return lines.length === 0 ? [`${indent}${name}: {},`] : [`${indent}${name}: {`, ...lines, `${indent}},`];
}

function shapeLines(one: ProposedField): string[] {
  return [
    ...(one.note === null ? [] : comment(one.note, '      ')),
    `      ${propertyName(one.field)}: ${shapeText(one.type)}${one.required ? '' : '.nullable()'},`,
  ];
}

function fromLines(entity: ProposedEntity, classes: readonly [string, string][]): string[] {
  const key = listLines('key: [', entity.key.map(quote), '],', '    ');
  if (classes.length === 0 && entity.columns === null && key.length === 1) {
    return [`  from: table(${quote(entity.object)}, { ${(key[0] ?? '').trim().replace(/,$/, '')} }),`];
  }
  const guesses = classes.map(([column, guess]) => `${propertyName(column)}: ${quote(guess)}`);
  return [
    `  from: table(${quote(entity.object)}, {`,
    ...key,
    ...(entity.columns === null
      ? []
      : [
          ...comment('All but those that hold bytes, which do not belong into chunks.', '    '),
          ...listLines('columns: [', entity.columns.map(quote), '],', '    '),
        ]),
    ...(guesses.length === 0
      ? []
      : [...comment('A guess, by name and type.', '    '), ...listLines('classify: { ', guesses, ' },', '    ')]),
    '  }),',
  ];
}
