import { LandfallError } from '../../model/errors.ts';
import type { TargetCall } from '../port.ts';
import { asked } from './asked.ts';
import { parseName, quotedName } from './names.ts';
import type { Session } from './session.ts';

/** The table that holds the mark: its administrator runs this where the user of the connection may not. */
export function liveMarkDefinition(table: string): string {
  return `CREATE TABLE IF NOT EXISTS ${quotedName(table)} (mark text PRIMARY KEY, run text NOT NULL, report text NOT NULL, since timestamptz NOT NULL DEFAULT now())`;
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
      hint: `Let an administrator run: ${liveMarkDefinition(liveMark)}; and grant SELECT, INSERT and UPDATE on it to ${session.settings.user}.`,
      ...(error.confidential === undefined ? {} : { confidential: error.confidential }),
      cause: error,
    });
  }
}
