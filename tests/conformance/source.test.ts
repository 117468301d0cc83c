import { expect, it } from 'vitest';
import { connectors } from '../../connectors/registry.ts';
import type { SourceHarness } from './source-harness.ts';
import { postgresHarness } from './source-postgres.ts';
import { sourceConformance } from './source.ts';

/** For each kind of source, the systems it is tried against. */
const systems: Record<string, Record<string, () => Promise<SourceHarness>>> = {
  postgres: { 'postgres on PostgreSQL 18': postgresHarness },
};

it('tries every connector of the registry that opens sources', () => {
  const kinds = connectors.filter((one) => 'openSource' in one).map((one) => one.kind);
  expect(Object.keys(systems).toSorted()).toEqual(kinds.toSorted());
});

for (const harnesses of Object.values(systems)) {
  for (const [name, start] of Object.entries(harnesses)) sourceConformance(name, start);
}
