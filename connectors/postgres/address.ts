import type { Address } from '../port.ts';
import type { SettingsInput } from './settings.ts';

/** `postgres://user@host:port/database?sslmode=…` as settings (PostgreSQL manual, 32.1.1.2, Connection URIs). */
export function settingsFor({ url, secret }: Address): SettingsInput | null {
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') return null;
  const mode = url.searchParams.get('sslmode');
  const ssl = mode === 'verify-full' || mode === 'require' ? mode : undefined;
  return {
    kind: 'postgres',
    host: url.hostname,
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    database: decodeURIComponent(url.pathname.slice(1)),
    user: decodeURIComponent(url.username),
    ...(secret ? { password: secret } : {}),
    ...(ssl ? { ssl } : {}),
  };
}
