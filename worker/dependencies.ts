import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Dependencies } from '../activities/dependencies.ts';
import type { ConnectorKind, SecretResolver, Source, Target } from '../connectors/port.ts';
import { connectors } from '../connectors/registry.ts';
import type { Config } from '../model/config.ts';
import { LandfallError } from '../model/errors.ts';
import type { SecretRef } from '../model/names.ts';
import { closeInstances } from '../staging/duckdb/instances.ts';
import { createDuckBudget, type DuckBudget } from '../staging/duckdb/budget.ts';
import { folderStore } from '../staging/folder-store.ts';
import { openStaging, type Staging } from '../staging/index.ts';
import type { Store } from '../staging/store.ts';
import { createGate, type Gate, type ShareSource } from './gate.ts';
import { secretResolver } from './secrets.ts';

/** The parts of a process that works on migrations, and how to take it down again. */
export interface System extends Dependencies {
  readonly budget: DuckBudget;
  readonly store: Store;
  readonly scratch: string;
  close(): Promise<void>;
}

/** @throws LandfallError `config.connection` naming the setting that is wrong */
function kindOf(config: Config, name: string): { kind: ConnectorKind; settings: unknown } {
  const settings = config.connections[name];
  const wrong = (what: string, hint: string): LandfallError =>
    new LandfallError({ code: 'config.connection', kind: 'misconfigured', what, where: { connection: name }, hint });
  if (!settings)
    throw wrong(
      `There is no connection ${name}.`,
      `Those configured are: ${Object.keys(config.connections).join(', ')}.`,
    );
  const kind = connectors.find((one) => one.kind === settings.kind);
  if (!kind)
    throw wrong(
      `There is no connector of kind ${settings.kind}.`,
      `Kinds are: ${connectors.map((one) => one.kind).join(', ')}.`,
    );
  const parsed = kind.settings.safeParse(settings);
  if (parsed.success) return { kind, settings: parsed.data };
  const issue = parsed.error.issues[0];
  throw wrong(
    `The setting ${issue?.path.join('.') ?? ''} is wrong: ${issue?.message ?? ''}.`,
    'Mend it in the configuration.',
  );
}

/** @throws LandfallError `config.connection` naming what is wrong */
function open(
  config: Config,
  secrets: SecretResolver,
  name: string,
  role: 'openSource' | 'openTarget',
): Promise<Source | Target> {
  const { kind, settings } = kindOf(config, name);
  const opener = kind[role];
  if (opener) return opener(name, settings, secrets);
  throw new LandfallError({
    code: 'config.connection',
    kind: 'misconfigured',
    what: `${kind.title} cannot be a ${role === 'openSource' ? 'source' : 'target'} yet.`,
    where: { connection: name },
    hint: 'Name another connection.',
  });
}

/** Where the shares of a target's account come from, when others write to it too. */
export type SharesOf = (of: { account: string; connection: string; grantMs: number }) => ShareSource;

/**
 * Puts the parts together. Nothing is connected to before it is needed.
 *
 * @param sharesOf absent for a process that reads a little and writes nothing: it asks no limiter
 */
export function createSystem(config: Config, folder: string, sharesOf?: SharesOf): System {
  const secrets = secretResolver(folder);
  const store = folderStore(resolve(folder, config.staging.folder));
  const masterKeys = (): SecretRef[] => [config.staging.masterKey].flat();
  const scratch = config.staging.scratch ?? join(tmpdir(), `landfall-scratch-${process.getuid?.() ?? 0}`);
  const { memoryMiB, spillMiB, threads, rowSlots } = config.worker;
  const spill = spillMiB === undefined ? {} : { spillBytes: spillMiB * 1024 * 1024 };
  const budget = createDuckBudget({ memoryBytes: memoryMiB * 1024 * 1024, threads, slots: rowSlots, ...spill });
  const stagings = new Map<string, Promise<Staging>>();
  const opened = new Map<string, Promise<Source | Target>>();
  const gates = new Map<string, Gate>();

  const once = <T>(map: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> => {
    const known = map.get(key);
    if (known) return known;
    const made = make();
    map.set(key, made);
    made.catch(() => map.delete(key));
    return made;
  };

  return {
    budget,
    store,
    scratch,
    staging: (run) =>
      once(stagings, run, () => openStaging({ run, store, masterKey: masterKeys().map(secrets), budget, scratch })),
    source: (name) =>
      once(opened, `source ${name}`, async () => open(config, secrets, name, 'openSource')) as Promise<Source>,
    target: (name) =>
      once(opened, `target ${name}`, async () => open(config, secrets, name, 'openTarget')) as Promise<Target>,
    gate(name, options) {
      const { targetConcurrency: most, targetRequestsPerMinute: perMinute, limiterGrantMs: grantMs } = options;
      const key = [name, most, perMinute, grantMs].join(' ');
      const known = gates.get(key);
      if (known) return known;
      const { kind, settings } = kindOf(config, name);
      const account = `${kind.kind} ${kind.accountOf?.(settings) ?? name}`;
      const shares = sharesOf?.({ account, connection: name, grantMs });
      const gate = createGate({ most, perMinute, grantMs, holder: randomUUID(), ...(shares ? { shares } : {}) });
      gates.set(key, gate);
      return gate;
    },
    now: () => new Date(),
    async close() {
      await Promise.all([...gates.values()].map((gate) => gate.close()));
      for (const one of opened.values()) await one.then((system) => system.close()).catch(() => {});
      await closeInstances(budget);
    },
  };
}
