import type { Plan } from '../../model/plan.ts';
import { blueprint, collection, entity, sql, table } from '../../model/builders.ts';
import { RunOptions } from '../../model/options.ts';
import { text } from '../../model/shape.ts';

/** The plan of a migration of one entity, for steps that ask little of it. @param publicKey of both its people */
export function planOf(publicKey: string, over: Partial<Plan> = {}): Plan {
  const organisation = entity('organisation', {
    from: table('crm.organisation', { key: ['org_id'] }),
    to: collection('accounts', { id: 'accountid', legacyKey: 'crm_legacyid', shape: { name: text(160) } }),
    legacyKey: sql`'ORG-' || org_id`,
    fields: { name: sql`name` },
  });
  return {
    version: 1,
    landfall: '0.0.0',
    migration: 'crm',
    mode: 'live',
    source: { name: 'legacy', kind: 'postgres', freezes: true, snapshots: true },
    target: { name: 'cloud', kind: 'odata-v4' },
    blueprint: blueprint('crm', { entities: [organisation] }),
    bundle: '',
    lookups: {},
    parts: {},
    order: ['organisation'],
    people: {
      olga: { name: 'Olga', roles: ['owner'], publicKey },
      emil: { name: 'Emil', roles: ['engineer'], publicKey },
    },
    owners: ['olga'],
    engineers: ['emil'],
    options: RunOptions.parse({}),
    ...over,
  };
}
