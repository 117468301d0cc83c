import type { Address } from '../port.ts';
import type { SettingsInput } from './settings.ts';

/**
 * A service root as settings. The address's user name is the account: a client that gets tokens when it is said where
 * from, else one that signs in with its name and secret.
 */
export function settingsFor({ url, secret, tokenUrl }: Address): SettingsInput | null {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return null;
  const account = decodeURIComponent(url.username);
  const root = new URL(url);
  root.username = '';
  root.password = '';
  const found = { kind: 'odata-v4' as const, url: root.href.replace(/\/$/, '') };
  if (!secret || account === '') return { ...found, auth: { kind: 'none' } };
  if (tokenUrl === null) return { ...found, auth: { kind: 'basic', user: account, password: secret } };
  // Microsoft's identity platform wants to hear which service the token is for; others know it from the client.
  const scope = /(^|\.)dynamics\.com$/.test(root.hostname) ? { scope: `${root.origin}/.default` } : {};
  return { ...found, auth: { kind: 'oauth2', tokenUrl, clientId: account, clientSecret: secret, ...scope } };
}
