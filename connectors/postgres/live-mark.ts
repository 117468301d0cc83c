import { LandfallError, type Problem } from '../../model/errors.ts';
import type { TargetCall } from '../port.ts';
import { asked } from './asked.ts';
import { parseName, quotedName } from './names.ts';
import type { Session } from './session.ts';

/** The table that holds the mark: its administrator runs this where the user of the connection may not. */
export function liveMarkDefinition(table: string): string {
  return `CREATE TABLE IF NOT EXISTS ${quotedName(table)} (mark text PRIMARY KEY, run text NOT NULL, report text NOT NULL, since timestamptz NOT NULL DEFAULT now())`;
}

/** What keeps the mark from being written: told by `check`, and not only when everything else is done. */
export async function liveMarkProblems(session: Session): Promise<Problem[]> {
  const { liveMark } = session.settings.target;
  const { schema, table } = parseName(liveMark);
  const [row] = await session.query(
    `SELECT n.oid IS NOT NULL AND has_schema_privilege(n.oid, 'USAGE') AND CASE WHEN c.oid IS NULL
         THEN has_schema_privilege(n.oid, 'CREATE')
         ELSE has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
           AND has_table_privilege(c.oid, 'UPDATE') END AS may
     FROM (SELECT 1) one LEFT JOIN pg_namespace n ON n.nspname = $1
     LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = $2`,
    [schema, table],
  );
  if (row?.['may'] === 't') return [];
  const what = 'The target cannot be marked as the system of record when it becomes that.';
  const where = { connection: session.name, user: session.settings.user, object: liveMark };
  return [{ code: 'target.live-mark', what, where, hint: remedy(session), severity: 'warning' }];
}

function remedy(session: Session): string {
  const { liveMark } = session.settings.target;
  return `Let an administrator run: ${liveMarkDefinition(liveMark)}; and grant SELECT, INSERT and UPDATE on it to ${session.settings.user}.`;
}

/** Writes the run and its report into a row that says which system is the system of record. */
export async function markLive(session: Session, by: { run: string; report: string }, call: TargetCall): Promise<void> {
  const { liveMark } = session.settings.target;
  const name = quotedName(liveMark);
  const { schema, table } = parseName(liveMark);
  try {
    const [there] = await asked(
      session,
      call,
      'SELECT 1 AS there FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2',
      [schema, table],
    );
    if (!there) await asked(session, call, liveMarkDefinition(liveMark));
    await call.stillOurs?.();
    await asked(
      session,
      call,
      `INSERT INTO ${name} AS t (mark, run, report) VALUES ('system of record', $1, $2) ON CONFLICT (mark)
       DO UPDATE SET run = excluded.run, report = excluded.report, since = now()
       WHERE (t.run, t.report) IS DISTINCT FROM (excluded.run, excluded.report)`,
      [by.run, by.report],
    );
  } catch (error) {
    if (!(error instanceof LandfallError) || error.kind !== 'permanent') throw error;
    throw new LandfallError({
      code: 'target.live-mark',
      kind: 'permanent',
      what: 'The target could not be marked as the system of record.',
      where: { connection: session.name, collection: liveMark },
      hint: remedy(session),
      ...(error.confidential === undefined ? {} : { confidential: error.confidential }),
      cause: error,
    });
  }
}
