import { expect, it } from 'vitest';
import { connectors } from '../../connectors/registry.ts';
import { cloudCrmHarness } from './target-cloud-crm.ts';
import type { TargetHarness } from './target-harness.ts';
import { mockserverHarness } from './target-mockserver.ts';
import { postgresTargetHarness } from './target-postgres.ts';
import { targetConformance } from './target.ts';

/** For each kind of target, the systems it is tried against. */
const systems: Record<string, Record<string, () => Promise<TargetHarness>>> = {
  'odata-v4': { 'odata-v4 on Cloud CRM': cloudCrmHarness, 'odata-v4 on SAP mock server': mockserverHarness },
  postgres: { 'postgres on PostgreSQL 18': postgresTargetHarness },
};

it('tries every connector of the registry that opens targets', () => {
  const kinds = connectors.filter((one) => 'openTarget' in one).map((one) => one.kind);
  expect(Object.keys(systems).toSorted()).toEqual(kinds.toSorted());
});

for (const harnesses of Object.values(systems)) {
  for (const [name, start] of Object.entries(harnesses)) targetConformance(name, start);
}
