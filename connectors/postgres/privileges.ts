import type { Problem } from '../../model/errors.ts';
import { parseName, quotedName } from './names.ts';
import type { Session } from './session.ts';

/** Rights that are missing, and rights that reading does not need. Row level security hides rows: that is an error. */
export async function checkPrivileges(session: Session, objects: readonly string[]): Promise<Problem[]> {
  const problems: Problem[] = [];
  const user = session.settings.user;
  const [role] = await session.query('SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user');
  const warn = (what: string, hint: string, where = {}): void => {
    const place = { connection: session.name, user, ...where };
    problems.push({ code: 'source.excess-privilege', what, where: place, hint, severity: 'warning' });
  };
  if (role?.['rolsuper'] === 't') {
    warn('The user is a superuser.', 'Use an account that may only read the tables of the blueprint.');
  }
  for (const object of objects) {
    const name = quotedName(object);
    const { schema, table } = parseName(object);
    const [row] = await session.query(
      `SELECT has_table_privilege($1, 'SELECT') AS reads,
              has_table_privilege($1, 'INSERT') OR has_table_privilege($1, 'UPDATE') OR has_table_privilege($1, 'DELETE') AS writes,
              c.relrowsecurity AS secured
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $2 AND c.relname = $3`,
      [name, schema, table],
    );
    if (!row) continue;
    if (row['reads'] !== 't') {
      problems.push({
        code: 'source.privilege',
        what: `The user may not read ${object}.`,
        where: { connection: session.name, user, object },
        hint: `GRANT SELECT ON ${name} TO ${user};`,
        severity: 'error',
      });
    }
    if (row['writes'] === 't' && role?.['rolsuper'] !== 't') {
      warn(`The user may write to ${object}.`, 'Take the right away: Landfall only reads.', { object });
    }
    if (row['secured'] === 't' && role?.['rolbypassrls'] !== 't' && role?.['rolsuper'] !== 't') {
      problems.push({
        code: 'source.row-security',
        what: `Row level security is on for ${object}: rows may be hidden from this user without a word.`,
        where: { connection: session.name, user, object },
        hint: 'Give the user BYPASSRLS, or a policy that shows every row.',
        severity: 'error',
      });
    }
  }
  return problems;
}
