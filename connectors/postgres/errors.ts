import { DatabaseError } from 'pg';
import { LandfallError, type ErrorKind } from '../../model/errors.ts';
import type { Settings } from './settings.ts';

/** On which side of a migration a database stands. */
export type Role = 'source' | 'target';

type Entry = [code: string, kind: ErrorKind, what: string, hint: string];

/** SQLSTATEs (PostgreSQL manual, appendix A) and system error codes that people meet. */
const known: Record<string, Entry> = {
  // A name that a VPN resolves is unknown for as long as the VPN is down.
  ENOTFOUND: ['host', 'transient', 'The host name is not known.', 'Check `host` of the connection, or the VPN.'],
  EAI_AGAIN: ['host', 'transient', 'The host name cannot be looked up now.', 'Check `host`, the VPN, or DNS.'],
  ECONNREFUSED: [
    'refused',
    'transient',
    'Nothing answers at that host and port.',
    'Check `host` and `port`, and that PostgreSQL listens there.',
  ],
  ETIMEDOUT: ['timeout', 'transient', 'The database did not answer in time.', 'Check the VPN and the firewall.'],
  ECONNRESET: [
    'reset',
    'transient',
    'The connection was cut.',
    'Landfall tries again; check the network if it goes on.',
  ],
  EPIPE: ['reset', 'transient', 'The connection was cut.', 'Landfall tries again; check the network if it goes on.'],
  '28P01': [
    'password',
    'unauthorised',
    'The user or the password is wrong.',
    'Check `user` and the secret that `password` names.',
  ],
  '28000': [
    'access',
    'unauthorised',
    'The server does not let this user in from here.',
    'Ask the administrator for a line in pg_hba.conf; check `ssl`.',
  ],
  '3D000': ['database', 'permanent', 'There is no database of that name.', 'Check `database` of the connection.'],
  '42501': [
    'privilege',
    'permanent',
    'The user may not read something that the blueprint names.',
    'Grant SELECT to the user; `landfall check` lists what is missing.',
  ],
  '42P01': [
    'missing-table',
    'permanent',
    'A table that the blueprint names is not there.',
    'Check the name and its schema in the blueprint.',
  ],
  '42703': [
    'missing-column',
    'permanent',
    'A column that the blueprint names is not there.',
    'Check the blueprint against the table; run `landfall check`.',
  ],
  '53300': [
    'busy',
    'transient',
    'The server has no connection to spare.',
    'Lower `poolSize`, or raise max_connections.',
  ],
  '57P01': ['terminated', 'transient', 'An administrator ended the connection.', 'Landfall connects again.'],
  '57P03': ['starting', 'transient', 'The server is starting or stopping.', 'Landfall tries again.'],
  '40001': ['serialisation', 'transient', 'The server asks to try again.', 'Landfall tries again.'],
  '40P01': ['serialisation', 'transient', 'The server ended a deadlock.', 'Landfall tries again.'],
  '25006': ['frozen', 'permanent', 'The source refuses writes.', 'It was frozen; thaw it before writing to it.'],
};

/** What the same codes mean where Landfall writes. */
const knownOfTargets: Record<string, Entry> = {
  '42501': [
    'privilege',
    'permanent',
    'The user may not do something that writing needs.',
    'Grant SELECT, INSERT and UPDATE to the user; `landfall check` lists what is missing.',
  ],
  '42P01': [
    'missing-collection',
    'permanent',
    'A table that the blueprint writes to is not there.',
    'Run `landfall check` and start a new run.',
  ],
  '42703': [
    'missing-property',
    'permanent',
    'A column that the blueprint writes to is not there.',
    'Run `landfall check` and start a new run.',
  ],
  '42P10': [
    'not-a-key',
    'permanent',
    'The target cannot upsert: a unique constraint on the legacy key is gone.',
    'Put the unique constraint back; `landfall check` names the column.',
  ],
  '25006': [
    'read-only',
    'permanent',
    'The target takes no writes: it is a standby, or was set to read only.',
    'Point `host` at the primary server, or let this user write.',
  ],
  '57014': [
    'timeout',
    'transient',
    'A statement took longer at the target than it may.',
    'Look for what holds locks on the table; else raise `target.statementMs`, and with it `target.settlingMs`.',
  ],
  '55P03': ['locked', 'transient', 'Somebody else holds a lock on the table.', 'Landfall tries again.'],
};

function lostEntry(role: Role): Entry {
  return [
    'lost',
    'transient',
    `The connection to the ${role} was lost.`,
    'Landfall connects again; check the network if it goes on.',
  ];
}

/** The server was reached, and has no such database or user, or refused a statement: waiting mends none of these. */
const Refused = /does not exist|ERROR: {2}/i;
/** What a server says to a statement because it is going, coming, or told to. */
const Passing =
  /terminating connection|the database system is|server closed the connection|conflict with recovery|could not serialize/i;
/** DuckDB's own refusals of what it read or was told, which the connection has nothing to do with. */
const OwnRefusal = /^(?:Conversion|Binder|Parser|Catalog|Out of Range|Not implemented|Constraint|Permission) Error/i;

/** SQLSTATEs that a server's words stand for, of failures that wait for somebody or pass by themselves. */
const states = [
  { says: /password authentication failed/i, code: '28P01' },
  { says: /authentication failed|no pg_hba\.conf entry/i, code: '28000' },
  { says: /too many (?:clients|connections)|connection slots are reserved/i, code: '53300' },
  { says: /canceling statement due to statement timeout/i, code: '57014' },
];

/**
 * What DuckDB says of a read that broke off. It has no codes, and libpq's words for a broken connection are many: so what
 * is not known to be a refusal counts as a broken connection, and is tried again.
 *
 * @returns null when it was not the connection
 */
export function brokenOff(message: string, connection: string, settings: Settings, role: Role): LandfallError | null {
  if (OwnRefusal.test(message)) return null;
  const state = states.find(({ says }) => says.test(message))?.code ?? '';
  const entry = (role === 'target' ? knownOfTargets[state] : undefined) ?? known[state];
  if (!entry && Refused.test(message) && !Passing.test(message)) return null;
  const [code, kind, what, hint] = entry ?? lostEntry(role);
  const where = { connection, host: settings.host, port: settings.port, database: settings.database };
  return new LandfallError({ code: `${role}.${code}`, kind, what, where, hint, confidential: message });
}

/** Turns what the driver threw into an error with place and remedy. Its own words stay confidential. */
export function translated(
  error: unknown,
  connection: string,
  settings: Settings,
  where: object = {},
  role: Role = 'source',
): LandfallError {
  if (error instanceof LandfallError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = error instanceof Error ? error.message : String(error);
  const place = { connection, host: settings.host, port: settings.port, database: settings.database, ...where };
  const lost = lostEntry(role);
  const unknown: Entry = [
    'failed',
    error instanceof DatabaseError ? 'permanent' : 'transient',
    `The ${role} refused a statement${code === '' ? '' : ` (SQLSTATE ${code})`}.`,
    'The full message is with the run’s staged failures.',
  ];
  const timeout = /timeout|timed out/i.test(message) ? known['ETIMEDOUT'] : undefined;
  const gone = /terminated|Connection ended|not queryable|closed/i.test(message) ? lost : undefined;
  const entry = (role === 'target' ? knownOfTargets[code] : undefined) ?? known[code];
  const [name, kind, what, hint] = entry ?? (code.startsWith('08') ? lost : (timeout ?? gone ?? unknown));
  return new LandfallError({
    code: `${role}.${name}`,
    kind,
    what,
    where: place,
    hint,
    confidential: message,
    cause: error,
  });
}
