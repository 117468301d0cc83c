import pg from 'pg';
import type { SecretResolver } from '../port.ts';
import { translated, type Role } from './errors.ts';
import type { Settings } from './settings.ts';

/** Everything as the server writes it: parsing into JavaScript would lose digits, microseconds and infinities. */
const asText = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig;

/** Rows as text, column by column. */
export type TextRow = Record<string, string | null>;

/** The connections that one worker holds to one database. */
export interface Session {
  readonly name: string;
  readonly settings: Settings;
  readonly password: string;
  /** Settings of each of its connections, as libpq's `options` has them. */
  readonly options: string;
  query(sql: string, values?: readonly unknown[], snapshot?: string): Promise<TextRow[]>;
  /** Work on one connection, within a read-only transaction of the snapshot if one is named. */
  within<T>(snapshot: string | undefined, work: (client: pg.ClientBase) => Promise<T>): Promise<T>;
  /**
   * Work on one connection, which is thrown away when it broke, when the work calls it spoiled or did not end in time;
   * what the work throws is thrown as it is.
   *
   * @throws LandfallError when no connection can be had
   */
  borrow<T>(
    work: (client: pg.ClientBase, spoil: (error: Error) => void) => Promise<T>,
    until?: AbortSignal,
  ): Promise<T>;
  /** A connection outside of the pool, which the caller ends. */
  connect(): Promise<pg.Client>;
  translate(error: unknown, where?: object): unknown;
  close(): Promise<void>;
}

function sslOf(settings: Settings): pg.ClientConfig['ssl'] {
  if (settings.ssl === 'disable') return false;
  return { rejectUnauthorized: settings.ssl === 'verify-full' };
}

/** Settings of each of the session's connections (PostgreSQL manual, 20.11 Client Connection Defaults). */
function optionsOf(settings: Settings, role: Role): string {
  const { statementMs, idleMs } = settings.target;
  const limits = { statement_timeout: statementMs, idle_in_transaction_session_timeout: idleMs, lock_timeout: 0 };
  const values = {
    TimeZone: 'UTC',
    DateStyle: 'ISO',
    IntervalStyle: 'postgres',
    extra_float_digits: 3,
    // What a server was still asked to do when its client was lost must not take effect later than `settlingMs` says.
    ...(role === 'target' ? limits : {}),
  };
  return Object.entries(values)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ');
}

export function openSession(name: string, settings: Settings, secrets: SecretResolver, role: Role = 'source'): Session {
  const password = settings.password ? secrets(settings.password) : '';
  const options = optionsOf(settings, role);
  const config: pg.ClientConfig = {
    host: settings.host,
    port: settings.port,
    database: settings.database,
    user: settings.user,
    password,
    ssl: sslOf(settings),
    application_name: 'landfall',
    connectionTimeoutMillis: settings.connectTimeoutMs,
    keepAlive: true,
    options,
    types: asText,
  };
  const pool = new pg.Pool({ ...config, max: settings.poolSize, idleTimeoutMillis: 10_000, allowExitOnIdle: true });
  // A backend that ends while idle is replaced at the next query; without a listener it would end the process.
  pool.on('error', () => {});
  const translate = (error: unknown, where?: object): unknown => translated(error, name, settings, where, role);

  const borrow: Session['borrow'] = async (work, until) => {
    until?.throwIfAborted();
    let client: pg.PoolClient;
    try {
      client = await pool.connect();
    } catch (error) {
      throw translate(error);
    }
    let broken: Error | undefined;
    const note = (error: Error): void => void (broken = error);
    client.on('error', note);
    let tell = (): void => {};
    try {
      const done = work(client, note);
      if (!until) return await done;
      const cut = new Promise<never>((_resolve, reject) => {
        tell = () => {
          // Ending a connection that is at work closes it at once: nothing can be sent over it any more.
          broken = new Error('cut');
          reject(until.reason instanceof Error ? until.reason : broken);
        };
        if (until.aborted) tell();
        else until.addEventListener('abort', tell, { once: true });
      });
      return await Promise.race([done, cut]);
    } finally {
      until?.removeEventListener('abort', tell);
      client.removeListener('error', note);
      // A connection that is given up may still say that it broke.
      if (broken) client.on('error', () => {});
      client.release(broken);
    }
  };

  const within = async <T>(snapshot: string | undefined, work: (client: pg.ClientBase) => Promise<T>): Promise<T> => {
    try {
      return await borrow(async (client, spoil) => {
        if (snapshot === undefined) return work(client);
        await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
        try {
          await client.query(`SET TRANSACTION SNAPSHOT ${pg.escapeLiteral(snapshot)}`);
          return await work(client);
        } finally {
          await client.query('ROLLBACK').catch(spoil);
        }
      });
    } catch (error) {
      throw translate(error);
    }
  };

  return {
    name,
    settings,
    password,
    options,
    within,
    borrow,
    translate,
    query: (sql, values = [], snapshot) =>
      within(snapshot, async (client) => (await client.query<TextRow>(sql, [...values])).rows),
    async connect() {
      const client = new pg.Client(config);
      client.on('error', () => {});
      try {
        await client.connect();
        return client;
      } catch (error) {
        throw translate(error);
      }
    },
    close: () => pool.end(),
  };
}
