import type { CatalogueTable, CollectionDescription, ConnectorKind, Source, Target } from '../../connectors/port.ts';
import { connectors } from '../../connectors/registry.ts';
import { LandfallError } from '../../model/errors.ts';
import type { Settings } from '../../proposal/config-text.ts';
import { secretResolver } from '../../worker/secrets.ts';
import type { SystemAnswer } from './answers.ts';

function cannot(what: string, url: URL, hint: string): LandfallError {
  return new LandfallError({ code: 'init.address', kind: 'permanent', what, where: { host: url.host }, hint });
}

/** The kind of system that an address is of, with its settings as the configuration will have them. */
function kindFor(answer: SystemAnswer, role: 'openSource' | 'openTarget'): { kind: ConnectorKind; settings: Settings } {
  const secret = answer.secretEnv === null ? null : { env: answer.secretEnv };
  const address = { url: answer.url, secret, tokenUrl: answer.tokenUrl };
  const found = connectors.flatMap((kind) => {
    const settings: unknown = kind.settingsFor?.(address) ?? null;
    return typeof settings === 'object' && settings !== null ? [{ kind, settings: { ...settings } }] : [];
  });
  const able = found.find(({ kind }) => kind[role]);
  const side = role === 'openSource' ? 'source' : 'target';
  if (able) return able;
  const [other] = found;
  const what = other
    ? `${other.kind.title} cannot be a ${side} yet.`
    : `No connector knows an address that begins with ${answer.url.protocol}`;
  const names = connectors.filter((kind) => kind[role] && kind.settingsFor).map((kind) => kind.title);
  throw cannot(`${what}${what.endsWith('.') ? '' : '.'}`, answer.url, `A ${side} can be: ${names.join(', ')}.`);
}

async function opened<T extends Source | Target, R>(
  open: (secrets: ReturnType<typeof secretResolver>) => Promise<T>,
  folder: string,
  work: (system: T) => Promise<R>,
): Promise<R> {
  const system = await open(secretResolver(folder));
  try {
    await system.ping();
    return await work(system);
  } finally {
    await system.close();
  }
}

function parsed(kind: ConnectorKind, settings: Settings, url: URL): unknown {
  const result = kind.settings.safeParse(settings);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw cannot(
    `The address does not say enough: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}.`,
    url,
    'Write it like postgres://user@host:5432/database or https://host/api.',
  );
}

function unlisted(kind: ConnectorKind, url: URL): LandfallError {
  return cannot(`${kind.title} cannot say what is in it yet.`, url, 'Write the blueprint by hand for it.');
}

/** What the source's catalogue declares. */
export async function readSource(
  answer: SystemAnswer,
  folder: string,
): Promise<{ settings: Settings; tables: CatalogueTable[] }> {
  const { kind, settings } = kindFor(answer, 'openSource');
  const { openSource } = kind;
  if (!openSource) throw unlisted(kind, answer.url);
  const input = parsed(kind, settings, answer.url);
  const tables = await opened(
    (secrets) => openSource('legacy', input, secrets),
    folder,
    (source) => {
      if (!source.listObjects) throw unlisted(kind, answer.url);
      return source.listObjects();
    },
  );
  return { settings, tables };
}

/** What the target's metadata declares. */
export async function readTarget(
  answer: SystemAnswer,
  folder: string,
): Promise<{ settings: Settings; collections: CollectionDescription[] }> {
  const { kind, settings } = kindFor(answer, 'openTarget');
  const { openTarget } = kind;
  if (!openTarget) throw unlisted(kind, answer.url);
  const input = parsed(kind, settings, answer.url);
  const collections = await opened(
    (secrets) => openTarget('cloud', input, secrets),
    folder,
    (target) => {
      if (!target.listCollections) throw unlisted(kind, answer.url);
      return target.listCollections();
    },
  );
  return { settings, collections };
}
