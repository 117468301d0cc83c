import { LandfallError } from '../../model/errors.ts';
import type { LeaseRef } from '../port.ts';
import { literal, quotedName } from './names.ts';
import type { Session } from './session.ts';

/**
 * Proves that a snapshot shows a table as it was. TRUNCATE and those forms of ALTER TABLE that rewrite a table are not safe
 * under MVCC: to older snapshots the table looks empty from then on (PostgreSQL manual, 13.6 Caveats). The catalogue read as
 * a table is seen as of the snapshot, its functions tell what is there now: where the two name different files, somebody
 * put another in place of the old one. Looks into partitions, and through views.
 *
 * @throws LandfallError `source.rewritten`
 */
export async function proveShown(session: Session, object: string, lease: LeaseRef): Promise<void> {
  const [row] = await session.query(
    `WITH RECURSIVE read AS (
       SELECT ${literal(quotedName(object))}::regclass::oid AS oid
       UNION
       SELECT below.oid FROM read CROSS JOIN LATERAL (
         SELECT inhrelid AS oid FROM pg_inherits WHERE inhparent = read.oid
         UNION ALL
         SELECT d.refobjid FROM pg_rewrite r
         JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
         WHERE r.ev_class = read.oid
       ) below
     )
     SELECT coalesce(bool_and(c.oid IS NOT NULL AND
       (c.relkind NOT IN ('r', 'm') OR c.relfilenode IS NOT DISTINCT FROM pg_relation_filenode(c.oid))), false) AS shown
     FROM read LEFT JOIN pg_class c ON c.oid = read.oid`,
    [],
    lease.token,
  );
  if (row?.['shown'] === 't') return;
  throw new LandfallError({
    code: 'source.rewritten',
    kind: 'transient',
    what: `${object} was emptied or rewritten after the snapshot was taken, which shows it as empty since.`,
    where: { connection: session.name, object },
    hint: 'Landfall reads again in a new snapshot; keep TRUNCATE, ALTER TABLE and VACUUM FULL away while it reads.',
  });
}
