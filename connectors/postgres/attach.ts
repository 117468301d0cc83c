import type { Session } from './session.ts';
import { trustedFile } from './trusted.ts';

/** A value in a libpq connection string (PostgreSQL manual, 34.1.1). */
function connectionValue(value: string | number): string {
  return `'${String(value).replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** A text in DuckDB's SQL. */
export function duckLiteral(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/**
 * The statement with which DuckDB connects by itself, under the settings of the session's own connections: so a value has
 * the same text on both. It holds the password.
 *
 * @param name what the database is called in DuckDB
 */
export function attach(session: Session, name: string): string {
  const { settings } = session;
  const parts = {
    host: settings.host,
    port: settings.port,
    dbname: settings.database,
    user: settings.user,
    password: session.password,
    sslmode: settings.ssl,
    ...(settings.ssl === 'verify-full' ? { sslrootcert: trustedFile() } : {}),
    connect_timeout: Math.max(2, Math.round(settings.connectTimeoutMs / 1000)),
    application_name: 'landfall',
    // Without it the server sends text in the database's own encoding, which DuckDB takes for UTF-8.
    client_encoding: 'UTF8',
    options: session.options,
  };
  const text = Object.entries(parts)
    .map(([part, value]) => `${part}=${connectionValue(value)}`)
    .join(' ');
  return `ATTACH ${duckLiteral(text)} AS ${name} (TYPE postgres, READ_ONLY)`;
}
