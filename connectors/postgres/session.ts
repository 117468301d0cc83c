import pg from 'pg';
import type { SecretResolver } from '../port.ts';
import { translated } from './errors.ts';
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
  query(sql: string, values?: readonly unknown[], snapshot?: string): Promise<TextRow[]>;
  /** Work on one connection, within a read-only transaction of the snapshot if one is named. */
  within<T>(snapshot: string | undefined, work: (client: pg.ClientBase) => Promise<T>): Promise<T>;
  /** A connection outside of the pool, which the caller ends. */
  connect(): Promise<pg.Client>;
  translate(error: unknown, where?: object): unknown;
  close(): Promise<void>;
}

function sslOf(settings: Settings): pg.ClientConfig['ssl'] {
  if (settings.ssl === 'disable') return false;
  return { rejectUnauthorized: settings.ssl === 'verify-full' };
}

export function openSession(name: string, settings: Settings, secrets: SecretResolver): Session {
  const password = settings.password ? secrets(settings.password) : '';
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
    options: '-c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=postgres -c extra_float_digits=3',
    types: asText,
  };
  const pool = new pg.Pool({ ...config, max: settings.poolSize, idleTimeoutMillis: 10_000, allowExitOnIdle: true });
  // A backend that ends while idle is replaced at the next query; without a listener it would end the process.
  pool.on('error', () => {});
  const translate = (error: unknown, where?: object): unknown => translated(error, name, settings, where);

  const within = async <T>(snapshot: string | undefined, work: (client: pg.ClientBase) => Promise<T>): Promise<T> => {
    let client: pg.PoolClient;
    try {
      client = await pool.connect();
    } catch (error) {
      throw translate(error);
    }
    let broken: Error | undefined;
    const note = (error: Error): void => void (broken = error);
    client.on('error', note);
    try {
      if (snapshot === undefined) return await work(client);
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      try {
        await client.query(`SET TRANSACTION SNAPSHOT ${pg.escapeLiteral(snapshot)}`);
        return await work(client);
      } finally {
        await client.query('ROLLBACK').catch(note);
      }
    } catch (error) {
      throw translate(error);
    } finally {
      client.removeListener('error', note);
      client.release(broken);
    }
  };

  return {
    name,
    settings,
    password,
    within,
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
