import { z } from 'zod';
import { partsOf, type Entity, type Part } from '../model/blueprint.ts';
import type { Plan } from '../model/plan.ts';
import { literal } from '../model/sql.ts';
import { withOwnSql } from '../staging/own-sql.ts';
import type { Staging } from '../staging/index.ts';
import { parquetKeys, relationOf } from '../staging/rows.ts';
import type { Ledgers } from './contract.ts';
import type { EntityRecords } from './documents.ts';
import { plannedPart, restrictedKey, roleOf } from './parts.ts';
import { inputsOf, manifestsOf } from './transform.ts';

/** A source row that is not in the target as it was meant to be, and why. */
export const Held = z.object({
  entity: z.string(),
  /** The row's key in the source. */
  key: z.string(),
  /** Rejected by a rule, refused by the target, or blocked because a row that it needs is not there. */
  state: z.enum(['rejected', 'refused', 'blocked']),
  rule: z.string(),
  field: z.string(),
  /** The value that broke the rule, or what the target said. */
  value: z.string().nullable(),
});
/** With the source's columns that the field is made of: what there is to correct. */
export type Held = z.infer<typeof Held> & { columns: string[] };

const Masked = '•••';

function hidden(plan: Plan, part: Part, reveal: boolean): string {
  const { classes } = plannedPart(plan, part.name);
  const masked = Object.keys(classes).filter((one) => classes[one] === 'personal' || classes[one] === 'restricted');
  return reveal || masked.length === 0 ? 'false' : `field IN (${masked.map(literal).join(', ')})`;
}

async function heldOf(
  staging: Staging,
  plan: Plan,
  entity: Entity,
  part: Part,
  ledgers: Ledgers,
  reveal: boolean,
): Promise<z.infer<typeof Held>[]> {
  if (ledgers.transform === undefined) return [];
  const transformed = await manifestsOf(staging, entity.name, 'transform', ledgers.transform);
  const rejects = await inputsOf(staging, transformed, roleOf(entity, part, 'rejects'));
  const ready = await inputsOf(staging, transformed, roleOf(entity, part, 'rows'));
  const passes = await Promise.all(
    (['load', 'references'] as const).map(async (step) => {
      const digest = ledgers[step];
      if (digest === undefined) return [];
      return inputsOf(staging, await manifestsOf(staging, entity.name, step, digest), 'receipts');
    }),
  );
  const receipts = passes.flat();
  const keys = await parquetKeys(staging, ['rows', restrictedKey(entity)]);
  const name = literal(part.name);
  const mask = (value: string): string => `CASE WHEN ${value} IS NULL THEN NULL ELSE ${literal(Masked)} END`;
  const selects = [
    ...(rejects.length === 0
      ? []
      : [
          `SELECT ${name} AS entity, _source AS key, 'rejected' AS state, rule, field,
             CASE WHEN ${hidden(plan, part, reveal)} THEN ${mask('value')} ELSE value END AS value FROM ${relationOf(rejects)}`,
        ]),
    ...(receipts.length === 0 || ready.length === 0
      ? []
      : [
          `SELECT ${name} AS entity, q._source AS key, r.outcome AS state,
             CASE r.outcome WHEN 'blocked' THEN split_part(r.code, ':', 1) ELSE r.code END AS rule,
             CASE r.outcome WHEN 'blocked' THEN split_part(r.code, ':', 2) ELSE '' END AS field,
             ${reveal ? 'r.message' : mask('r.message')} AS value
           FROM (SELECT _key, unnest(_sources) AS _source FROM ${relationOf(ready)}) q
           JOIN ${relationOf(receipts)} r ON r._key = q._key AND r.part = ${name} AND r.outcome IN ('refused', 'blocked')`,
        ]),
  ];
  if (selects.length === 0) return [];
  return withOwnSql(
    staging,
    {
      purpose: 'read what is held back',

      keys,
    },
    (job) => job.all(`${selects.join(' UNION ALL ')} ORDER BY key, rule, field`, Held),
  );
}

/**
 * The rows of a run that are held back, with what held them. What fields that are personal or restricted hold, and the
 * words of the target, are masked unless asked for.
 *
 * @param records what the run knows of each entity
 */
export async function readHeld(
  staging: Staging,
  plan: Plan,
  records: EntityRecords,
  options: { reveal: boolean },
): Promise<Held[]> {
  const found: Held[] = [];
  for (const entity of plan.blueprint.entities) {
    const { ledgers = {} } = records[entity.name] ?? {};
    for (const part of partsOf(entity)) {
      const { reads } = plannedPart(plan, part.name);
      for (const one of await heldOf(staging, plan, entity, part, ledgers, options.reveal)) {
        found.push({ ...one, columns: reads[one.field] ?? reads[`check ${one.rule}`] ?? [] });
      }
    }
  }
  return found;
}
