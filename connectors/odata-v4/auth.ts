import type { AxiosInstance } from 'axios';
import { z } from 'zod';
import { LandfallError } from '../../model/errors.ts';
import type { SecretResolver } from '../port.ts';
import { transportError } from './errors.ts';
import type { Settings } from './settings.ts';

/** What goes into the Authorization header. */
export interface Credentials {
  /** Null where the service asks for none. @throws LandfallError `target.credentials` when no token is given */
  header(): Promise<string | null>;
  /** Drops a header that the service refused; false when another one would be the same. */
  forget(refused: string | null): boolean;
}

const TokenAnswer = z.object({ access_token: z.string().min(1), expires_in: z.coerce.number().optional() });

/** A token is renewed this long before it expires, so that a request under way still finds it valid. */
const RenewMs = 30_000;

export function credentials(
  http: AxiosInstance,
  settings: Settings,
  secrets: SecretResolver,
  where: object,
): Credentials {
  const { auth } = settings;
  if (auth.kind === 'none') return { header: () => Promise.resolve(null), forget: () => false };
  if (auth.kind === 'basic') {
    const pair = Buffer.from(`${auth.user}:${secrets(auth.password)}`).toString('base64');
    return { header: () => Promise.resolve(`Basic ${pair}`), forget: () => false };
  }

  const secret = secrets(auth.clientSecret);
  // By a clock that nobody sets: a token lives for as long as its service says, whatever the time of day is here.
  let held: { header: string; until: number } | null = null;
  let asking: Promise<string> | null = null;

  const ask = async (): Promise<string> => {
    const place = { ...where, tokenUrl: auth.tokenUrl };
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: auth.clientId,
      client_secret: secret,
      ...(auth.scope === undefined ? {} : { scope: auth.scope }),
    });
    const answer = await http
      .request<string>({
        method: 'POST',
        url: auth.tokenUrl,
        data: form.toString(),
        headers: { 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json' },
      })
      .catch((error: unknown) => {
        throw transportError(error, place, false);
      });
    if (answer.status < 200 || answer.status > 299) throw refused(answer.status, answer.data, place);
    const token = TokenAnswer.safeParse(safeJson(answer.data));
    if (!token.success) throw refused(answer.status, '', place);
    const lifeMs = (token.data.expires_in ?? 3600) * 1000;
    const header = `Bearer ${token.data.access_token}`;
    held = { header, until: performance.now() + lifeMs - Math.min(RenewMs, lifeMs / 5) };
    return header;
  };

  return {
    async header() {
      if (held && performance.now() < held.until) return held.header;
      asking ??= ask().finally(() => {
        asking = null;
      });
      return asking;
    },
    forget(refusedHeader) {
      if (held?.header === refusedHeader) held = null;
      return true;
    },
  };
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function refused(status: number, text: string, where: object): LandfallError {
  const passing = status >= 500 || status === 429;
  return new LandfallError({
    code: 'target.credentials',
    kind: passing ? 'transient' : 'unauthorised',
    what: `The token service gave no token (HTTP ${status}).`,
    where: { ...where, status },
    hint: passing
      ? 'Landfall tries again.'
      : 'Check `auth`: tokenUrl, clientId, scope and the secret that clientSecret names.',
    confidential: text.slice(0, 2000),
  });
}
