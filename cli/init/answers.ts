import { LandfallError } from '../../model/errors.ts';
import type { Asker } from './asker.ts';

/** What `landfall init` was told on the command line. */
export interface InitFlags {
  source?: string;
  passwordEnv?: string;
  schema?: string[];
  target?: string;
  targetSecretEnv?: string;
  targetTokenUrl?: string;
  name?: string;
  timeZone?: string;
  owner?: string;
  engineer?: string;
}

/** Where a system is, and how one signs in. */
export interface SystemAnswer {
  url: URL;
  secretEnv: string | null;
  tokenUrl: string | null;
}

export interface Answers {
  source: SystemAnswer;
  target: SystemAnswer | null;
}

function wrong(what: string, where: Record<string, string>, hint: string): LandfallError {
  return new LandfallError({ code: 'init.answer', kind: 'permanent', what, where, hint });
}

/** @throws LandfallError `init.answer` when it is no address, or holds a secret, which is not repeated */
export function addressFrom(text: string, flag: string): URL {
  const url = URL.parse(text);
  if (!url) {
    throw wrong(
      'That is not an address.',
      { flag },
      'Write it like postgres://user@host:5432/database or https://host/api.',
    );
  }
  if (url.password === '') return url;
  throw wrong(
    'The address holds a password, and a secret belongs into no command line and no file of the project.',
    { flag },
    `Leave it out, put it into an environment variable, and name that with ${flag === '--source' ? '--password-env' : '--target-secret-env'}.`,
  );
}

/** @throws LandfallError `init.answer` */
function variable(text: string, flag: string): string | null {
  if (text === '') return null;
  if (/^[A-Za-z_]\w*$/.test(text)) return text;
  throw wrong(
    'That is not the name of an environment variable.',
    { flag },
    'Give the name alone, such as CRM_PASSWORD: never the secret.',
  );
}

/**
 * The answers to begin with: flags where they are given, questions where somebody can be asked.
 *
 * @throws LandfallError `init.missing` naming the flags that are needed where nobody can be asked
 */
export async function answersFrom(flags: InitFlags, asker: Asker | null): Promise<Answers> {
  const missing = (['source', 'target'] as const).filter((one) => flags[one] === undefined).map((one) => `--${one}`);
  if (!asker && missing.length > 0) {
    throw new LandfallError({
      code: 'init.missing',
      kind: 'permanent',
      what: `There is no terminal to ask at, and ${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not given.`,
      where: { flags: missing.join(' ') },
      hint: 'For example: landfall init crm --source postgres://reader@db.example.org/crm --password-env CRM_PASSWORD --target none.',
    });
  }
  const asked = flags.source === undefined;
  const from = flags.source ?? (await asker?.ask('Where is the source? postgres://user@host:5432/database')) ?? '';
  const source = addressFrom(from, '--source');
  const secret =
    flags.passwordEnv ??
    (asked && asker ? await asker.ask('Which environment variable holds its password? Empty for none.') : '');
  const to =
    flags.target ??
    (await asker?.ask('Where is the target? An https:// or postgres:// address, or none.', 'none')) ??
    'none';
  const sourceAnswer = { url: source, secretEnv: variable(secret, '--password-env'), tokenUrl: null };
  if (to === 'none') return { source: sourceAnswer, target: null };
  const url = addressFrom(to, '--target');
  const interactive = flags.target === undefined && asker !== null;
  if (interactive && url.username === '') {
    url.username = encodeURIComponent(
      await asker.ask('As which client or user does one sign in there? Empty for nobody.'),
    );
  }
  const known = interactive && url.username !== '';
  // A database takes a name and a password, or neither; tokens are a matter of services.
  const service = /^https?:$/.test(url.protocol);
  const which = `Which environment variable holds its secret?${service ? '' : ' Empty for none.'}`;
  const targetSecret = flags.targetSecretEnv ?? (known ? await asker.ask(which) : '');
  const tokenUrl =
    flags.targetTokenUrl ??
    (known && service ? await asker.ask('Where does it get tokens? Empty to sign in with name and secret.') : '');
  return {
    source: sourceAnswer,
    target: {
      url,
      secretEnv: variable(targetSecret, '--target-secret-env'),
      tokenUrl: tokenUrl === '' ? null : tokenUrl,
    },
  };
}

/**
 * Which schemas of the source to propose for.
 *
 * @param tables how many tables each schema has
 * @throws LandfallError `init.schema`
 */
export async function schemasFrom(
  flags: InitFlags,
  asker: Asker | null,
  tables: ReadonlyMap<string, number>,
): Promise<string[]> {
  const list = [...tables].map(([name, count]) => `${name} (${count})`).join(', ');
  const chosen = async (): Promise<string[]> => {
    if (flags.schema) return flags.schema;
    if (tables.size <= 1) return [...tables.keys()];
    const usual = tables.has('public') ? 'public' : [...tables.keys()][0];
    return (await asker?.ask(`Which schema? There are ${list}.`, usual))?.split(/[\s,]+/) ?? [];
  };
  const names = await chosen();
  const unknown = names.find((one) => !tables.has(one));
  if (names.length > 0 && unknown === undefined) return names;
  throw new LandfallError({
    code: 'init.schema',
    kind: 'permanent',
    what:
      unknown === undefined
        ? tables.size === 0
          ? 'There is no table that this user can see.'
          : 'There are tables in more than one schema.'
        : `There is no schema ${unknown} with tables that this user can see.`,
    where: { flag: '--schema' },
    hint: tables.size === 0 ? 'Check the database and the user’s rights.' : `Name one or more with --schema: ${list}.`,
  });
}
