import type { TargetDocument } from '../connectors/port.ts';
import { addCounts, type ChunkResult } from '../model/run.ts';
import { literal } from '../model/sql.ts';
import { withOwnSql } from '../staging/own-sql.ts';
import { parquetKeys, relationOf } from '../staging/rows.ts';
import { digestOf } from '../staging/sealed.ts';
import { inLanes, Lanes } from './batches.ts';
import type { ChunkTask } from './contract.ts';
import type { Beat, Dependencies } from './dependencies.ts';
import { loadPlan } from './documents.ts';
import {
  crosswalksOf,
  documentColumns,
  LoadRow,
  prepare,
  readyRelation,
  referencesIn,
  resolved,
  textOf,
} from './load-rows.ts';
import { Loader } from './loader.ts';
import { entityOf, restrictedKey, targetOf } from './parts.ts';
import { addReceipts, arrived, openReceipts, Receipt, sealReceipts } from './receipts.ts';
import { explained } from './same-target.ts';
import { inputsOf, manifestOf } from './transform.ts';

/** The later pass: sets the references that could not be set before every row they point at was there. */
export async function setReferences(deps: Dependencies, task: ChunkTask, beat: Beat): Promise<ChunkResult> {
  const staging = await deps.staging(task.run);
  const plan = await loadPlan(staging, task.plan);
  const entity = entityOf(plan, task.entity);
  const target = await deps.target(plan.target.name);
  const at = { entity: entity.name, chunk: task.chunk };
  const manifest = await manifestOf(staging, { ...at, step: 'transform' }, task.ledgers.transform);
  const loaded = await manifestOf(staging, { ...at, step: 'load' }, task.ledgers.load);
  const crosswalks = await crosswalksOf(staging, task.crosswalks);
  const ready = await readyRelation(staging, entity, entity, manifest);
  const receiptsOf = await inputsOf(staging, [loaded], 'receipts');
  const earlier =
    task.ledgers.references === undefined
      ? []
      : [await manifestOf(staging, { ...at, step: 'references' }, task.ledgers.references)];
  const earlierOf = await inputsOf(staging, earlier, 'receipts');
  const keys = await parquetKeys(staging, ['rows', restrictedKey(entity)]);
  const loader = new Loader(staging, target, deps.gate(plan.target.name, plan.options), beat, task);
  await loader.takeLease();
  const references = referencesIn(plan, entity, true);

  return withOwnSql(
    staging,
    {
      purpose: `references ${entity.name}`,

      keys,
      signal: beat.signal,
    },
    async (job) => {
      const first = new Map<string, Receipt>();
      const dropped = new Map<string, string[]>();
      const pending = `${relationOf(receiptsOf)} WHERE pending AND part = ${literal(entity.name)}`;
      const rows = await job.all(`SELECT * FROM ${pending}`, Receipt);
      for (const row of rows) first.set(row._key, row);
      const heard = earlierOf.length === 0 ? [] : await job.all(`SELECT * FROM ${relationOf(earlierOf)}`, Receipt);
      const before = new Map(heard.map((one) => [one._key, one]));
      const sentOf = new Map<string, string>();
      const rowsOf = resolved(entity, references, crosswalks, ready);
      await job.run(`CREATE TABLE later AS SELECT ${documentColumns(entity, references).join(', ')} FROM (${rowsOf})
        WHERE _key IN (SELECT _key FROM ${pending})`);
      await openReceipts(job);
      let done = 0;
      const note = async (receipts: readonly Receipt[]): Promise<void> => {
        await addReceipts(job, receipts);
        done += receipts.length;
        beat.beat(done);
      };
      async function* documents(): AsyncGenerator<TargetDocument> {
        for await (const batch of job.stream('SELECT * FROM later ORDER BY _key')) {
          const settled: Receipt[] = [];
          for (const raw of batch) {
            const row = LoadRow.parse(raw);
            const loadedAs = first.get(row._key);
            if (!loadedAs) continue;
            const missing = references.filter(
              (one) => row[`has:${one.field}`] === true && textOf(row, `to:${one.field}`) === null,
            );
            if (missing.length > 0)
              dropped.set(
                row._key,
                missing.map((one) => one.field),
              );
            const bound = prepare(entity, references, row).references.filter(
              (one) => references.some((r) => r.field === one.field) && one.targetKey !== null,
            );
            const sent = digestOf(JSON.stringify([loadedAs.sent, bound])).slice(0, 32);
            sentOf.set(row._key, sent);
            const known = before.get(row._key);
            const kept = known !== undefined && arrived(known) && known.sent === sent;
            if (bound.length === 0 || kept) {
              settled.push({ ...loadedAs, sent, pending: false, dropped: (dropped.get(row._key) ?? []).join(',') });
              continue;
            }
            yield {
              collection: targetOf(entity),
              row: {
                legacyKey: row._key,
                body: '{}',
                references: bound,
                ...(loadedAs.target === null ? {} : { targetKey: loadedAs.target }),
              },
            };
          }
          await note(settled);
        }
      }
      await inLanes(loader.batches(documents()), Lanes, async (batch) => {
        const answered = await explained({ target, call: loader.call }, [entity], () =>
          loader.send(batch.number, batch.documents, 'references', () => entity.name),
        );
        const settled = answered.flatMap((one): Receipt[] => {
          const loadedAs = first.get(one._key);
          if (!loadedAs) return [];
          const there = one.outcome !== 'refused';
          return [
            {
              ...(there ? loadedAs : { ...one, target: loadedAs.target }),
              sent: sentOf.get(one._key) ?? '',
              pending: false,
              dropped: there ? (dropped.get(one._key) ?? []).join(',') : '',
            },
          ];
        });
        await note(settled);
      });
      const result = await sealReceipts(job, staging, task);
      // Each row leaves `pending` for the outcome of all its passes.
      const counts = { [entity.name]: addCounts(result.counts[entity.name] ?? {}, { pending: -done }) };
      return { ...result, counts };
    },
  );
}
