import { z } from 'zod';
import { Name, SecretRef } from './names.ts';
import { RunOptions } from './options.ts';

/** A person, known by a public key: access to Temporal is not an identity. */
export const Person = z.strictObject({
  name: z.string().min(1),
  email: z.email().optional(),
  roles: z.array(z.enum(['owner', 'engineer', 'operator'])).min(1),
  /** Ed25519 public key, in PEM (SPKI), or a file that holds it. */
  publicKey: z.union([z.string().startsWith('-----BEGIN PUBLIC KEY-----'), z.strictObject({ file: z.string() })]),
});
export type Person = z.infer<typeof Person>;

/** How one system is reached. The rest of the settings belongs to the connector of that kind. */
export const ConnectionSettings = z.looseObject({ kind: z.string().min(1) });
export type ConnectionSettings = z.infer<typeof ConnectionSettings>;

export const MigrationSettings = z.strictObject({
  /** The blueprint's file, relative to the configuration file. */
  blueprint: z.string().min(1),
  source: z.string().min(1),
  /** Absent for as long as there is none: then `landfall check` looks at the source's side alone. */
  target: z.string().min(1).optional(),
  /** Who may sign the report. */
  owners: z.array(z.string()).min(1),
  /** Who may start, pause, replay and abort runs. */
  engineers: z.array(z.string()).min(1),
  options: RunOptions.partial().optional(),
});
export type MigrationSettings = z.infer<typeof MigrationSettings>;

export const WorkerSettings = z.strictObject({
  /** Memory for DuckDB over all of its jobs, in MiB. */
  memoryMiB: z.int().min(128).default(512),
  /** Disk in the scratch folder that DuckDB may use over all of its jobs, in MiB; absent: nine tenths of what is free. */
  spillMiB: z.int().min(64).optional(),
  /** Threads for DuckDB over all of its jobs. */
  threads: z.int().min(1).default(2),
  /** Steps that work on rows at the same time. */
  rowSlots: z.int().min(1).default(2),
  /** Time that running steps get to finish when the worker is told to stop, in milliseconds. */
  shutdownGraceMs: z.int().min(0).default(10_000),
});
export type WorkerSettings = z.infer<typeof WorkerSettings>;

export const Config = z.strictObject({
  /** Where rows and evidence rest, and the key that wraps all others. */
  staging: z.strictObject({
    folder: z.string().min(1),
    /** One key, or several while one takes over from another: each data key is kept under all of them. */
    masterKey: z.union([SecretRef, z.array(SecretRef).min(1)]),
    scratch: z.string().optional(),
  }),
  temporal: z
    .strictObject({
      address: z.string().default('127.0.0.1:7233'),
      namespace: z.string().default('default'),
      taskQueue: z.string().default('landfall'),
      ui: z.url().optional(),
      /** What enters history is encrypted with the first, and decrypted with any. Absent: it lies in the open. */
      payloadKeys: z.array(SecretRef).min(1).optional(),
      /** Who may have it decrypted for reading (`landfall codec`): people whose tokens this issuer signs. */
      codecAccess: z.strictObject({ jwks: z.url(), issuer: z.string().min(1), audience: z.string().min(1) }).optional(),
    })
    .prefault({}),
  worker: WorkerSettings.prefault({}),
  connections: z.record(Name, ConnectionSettings),
  people: z.record(Name, Person),
  migrations: z.record(Name, MigrationSettings),
});
export type Config = z.infer<typeof Config>;

/** A secret that lives in an environment variable. */
export function env(name: string): SecretRef {
  return { env: name };
}

/** A secret that lives in a file, for example one that a container platform mounts. */
export function file(path: string): SecretRef {
  return { file: path };
}

/**
 * Describes connections, people and migrations. The default export of `landfall.config.ts`.
 * It is checked when it is loaded, so that every mistake is reported with its path.
 */
export function defineConfig(config: z.input<typeof Config>): z.input<typeof Config> {
  return config;
}
