import { typeRule, typeTable } from '../../connectors/postgres/types.ts';

/** How each PostgreSQL type is staged. */
export function postgresTypesPage(): string {
  const lines = typeTable.map(({ native, name, modifier }) => {
    const rule = typeRule(name, modifier);
    return `| \`${native}\` | \`${rule.stagedType}\` | ${rule.reason ?? 'exactly as it is'} |`;
  });
  return [
    '# PostgreSQL types',
    '',
    'How values are staged (`npm run docs` writes this page from `types.ts`; `tests/connectors/postgres-types.test.ts`',
    'proves each line with values). Domains are staged as their base type. Every type that is not listed travels as the',
    'text that PostgreSQL itself prints, with `DateStyle=ISO`, `TimeZone=UTC` and `extra_float_digits=3`.',
    '',
    '| PostgreSQL | staged as | why |',
    '| --- | --- | --- |',
    ...lines,
    '',
  ].join('\n');
}
