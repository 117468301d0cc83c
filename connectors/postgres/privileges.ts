import type { Problem } from '../../model/errors.ts';
import { liveMarkProblems } from './live-mark.ts';
import { parseName, quoted, quotedName } from './names.ts';
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

/**
 * Rights that writing to tables lacks, and rights that it does not need. What is granted on some columns only is taken
 * for granted on those that the blueprint writes, with a warning.
 */
export async function checkTargetPrivileges(session: Session, objects: readonly string[]): Promise<Problem[]> {
  const problems: Problem[] = await liveMarkProblems(session);
  const user = session.settings.user;
  const say = (code: string, severity: Problem['severity'], what: string, hint: string, where = {}): void =>
    void problems.push({ code, what, where: { connection: session.name, user, ...where }, hint, severity });
  const [role] = await session.query(
    `SELECT rolsuper, rolbypassrls, rolcreaterole OR rolcreatedb AS makes,
       has_database_privilege(current_database(), 'TEMPORARY') AS temporary, current_database() AS database
     FROM pg_roles WHERE rolname = current_user`,
  );
  const superuser = role?.['rolsuper'] === 't';
  if (superuser || role?.['makes'] === 't') {
    const what = superuser ? 'The user is a superuser.' : 'The user may make databases or roles.';
    say('target.excess-privilege', 'warning', what, 'Use an account that may only write to the blueprint’s tables.');
  }
  if (role?.['temporary'] !== 't') {
    const hint = `GRANT TEMPORARY ON DATABASE ${quoted(role?.['database'] ?? '')} TO ${user};`;
    say('target.privilege', 'error', 'The user may not make temporary tables, which rows arrive in.', hint);
  }
  for (const object of objects) {
    const name = quotedName(object);
    const { schema, table } = parseName(object);
    const [row] = await session.query(
      `SELECT has_schema_privilege(n.oid, 'USAGE') AS uses,
         ${['SELECT', 'INSERT', 'UPDATE'].map((right) => `has_table_privilege(c.oid, '${right}') AS "all ${right}", has_any_column_privilege(c.oid, '${right}') AS "some ${right}"`).join(', ')},
         has_table_privilege(c.oid, 'DELETE') OR has_table_privilege(c.oid, 'TRUNCATE') AS empties,
         pg_has_role(c.relowner, 'MEMBER') AS owns, c.relrowsecurity AS secured,
         (SELECT string_agg(s.oid::regclass::text, ', ') FROM pg_depend d JOIN pg_class s ON s.oid = d.objid
          WHERE d.refobjid = c.oid AND d.deptype = 'a'
            AND CASE WHEN s.relkind = 'S' THEN NOT has_sequence_privilege(s.oid, 'USAGE') ELSE false END) AS sequences
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`,
      [schema, table],
    );
    if (!row) continue;
    const where = { object };
    const missing = (what: string, grant: string): void =>
      say('target.privilege', 'error', what, `GRANT ${grant} TO ${user};`, where);
    if (row['uses'] !== 't') {
      missing(`The user may not use the schema of ${object}.`, `USAGE ON SCHEMA ${quoted(schema)}`);
    }
    for (const right of ['SELECT', 'INSERT', 'UPDATE']) {
      if (row[`all ${right}`] === 't') continue;
      const what = `The user has no right to ${right} on ${object}.`;
      if (row[`some ${right}`] !== 't') missing(what, `${right} ON ${name}`);
      else {
        const hint = 'See to it that they are all of the columns that the blueprint names.';
        say('target.privilege', 'warning', `The user may ${right} some columns of ${object} only.`, hint, where);
      }
    }
    if (row['sequences'] !== null) {
      missing(`The user may not draw keys from a sequence of ${object}.`, `USAGE ON SEQUENCE ${row['sequences']}`);
    }
    if (superuser) continue;
    if (row['owns'] === 't' || row['empties'] === 't') {
      const what = row['owns'] === 't' ? `The user owns ${object}.` : `The user may delete from ${object}.`;
      say('target.excess-privilege', 'warning', what, 'Landfall never deletes: take the right away.', where);
    }
    if (row['secured'] === 't' && role?.['rolbypassrls'] !== 't') {
      const what = `Row level security is on for ${object}: rows may be hidden from this user without a word.`;
      say('target.row-security', 'error', what, 'Give the user BYPASSRLS, or a policy that shows every row.', where);
    }
  }
  return problems;
}
