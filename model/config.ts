import { z } from 'zod';
import { Name, SecretRef } from './names.ts';
import { RunOptions } from './options.ts';

/** A person, known by a public key: access to Temporal is not an identity. */
export const Person = z.strictObject({
  /** As reports print it. */
  name: z.string().min(1),
  /** Where the person is reached. */
  email: z.email().optional(),
  /** What the person is in the project; who may sign or start runs is said by each migration. */
  roles: z.array(z.enum(['owner', 'engineer', 'operator'])).min(1),
  /** Ed25519 public key, in PEM (SPKI), or a file that holds it. */
  publicKey: z.union([z.string().startsWith('-----BEGIN PUBLIC KEY-----'), z.strictObject({ file: z.string() })]),
});
export type Person = z.infer<typeof Person>;

/** How one system is reached. The rest of the settings belongs to the connector of that kind. */
export const ConnectionSettings = z.looseObject({
  /** Which connector talks to it. */
  kind: z.string().min(1),
});
export type ConnectionSettings = z.infer<typeof ConnectionSettings>;

export const MigrationSettings = z.strictObject({
  /** The blueprint's file, relative to the configuration file. */
  blueprint: z.string().min(1),
  /** The connection that rows come from. */
  source: z.string().min(1),
  /** The connection that they go to. Absent for as long as there is none: then `landfall check` looks at the source's side alone. */
  target: z.string().min(1).optional(),
  /** Who may sign the report. */
  owners: z.array(z.string()).min(1),
  /** Who may start, pause, replay and abort runs. */
  engineers: z.array(z.string()).min(1),
  /** What its runs are tuned by. */
  options: RunOptions.partial().optional(),
});
export type MigrationSettings = z.infer<typeof MigrationSettings>;

export const WorkerSettings = z.strictObject({
  /** Memory for DuckDB over all of its jobs, in MiB. */
  memoryMiB: z.int().min(128).default(512),
  /** Disk in the scratch folder that DuckDB may use over all of its jobs, in MiB; absent: nine tenths of what is free. */
  spillMiB: z.int().min(64).optional(),
  /** Threads for DuckDB over all of its jobs: one that begins alone has all of them, one beside others its part. */
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
    /** A folder on a local disk that has hard links, the same for every worker. Network shares have not been tried. */
    folder: z.string().min(1),
    /** One key, or several while one takes over from another: each data key is kept under all of them. */
    masterKey: z.union([SecretRef, z.array(SecretRef).min(1)]),
    /** Where DuckDB spills what does not fit into memory, encrypted; absent: the system’s temporary folder. */
    scratch: z.string().optional(),
  }),
  /** The Temporal server that runs are coordinated by. */
  temporal: z
    .strictObject({
      /** Its gRPC endpoint, `host:port`. */
      address: z.string().default('127.0.0.1:7233'),
      /** The namespace that runs are in. */
      namespace: z.string().default('default'),
      /** The queue of workflows and of steps that only touch staging; those of the systems’ steps begin with it. */
      taskQueue: z.string().default('landfall'),
      /** Where its web UI is: the page that `landfall codec` decrypts for. */
      ui: z.url().optional(),
      /** What enters history is encrypted with the first, and decrypted with any. Absent: it lies in the open. */
      payloadKeys: z.array(SecretRef).min(1).optional(),
      /** Who may have it decrypted for reading (`landfall codec`): people whose tokens this issuer signs. */
      codecAccess: z
        .strictObject({
          /** Where the issuer publishes its keys (JWKS, RFC 7517). */
          jwks: z.url(),
          /** What a token must say under `iss`. */
          issuer: z.string().min(1),
          /** What a token must say under `aud`. */
          audience: z.string().min(1),
        })
        .optional(),
    })
    .prefault({}),
  /** What one worker may use of its machine. */
  worker: WorkerSettings.prefault({}),
  /** The systems that data moves between, by names of your own. */
  connections: z.record(Name, ConnectionSettings),
  /** Who decides. Names of keys become names of people in evidence. */
  people: z.record(Name, Person),
  /** What moves from where to where, and who answers for it. */
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
