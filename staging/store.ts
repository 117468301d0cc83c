import type { Readable } from 'node:stream';

/** Where staged objects lie. Small on purpose: no rename, no append, so that a bucket can do it as well as a folder. */
export interface Store {
  /** For messages: the folder or bucket. */
  readonly name: string;
  /** Puts bytes under a path, unless something is there. Durable when it returns. */
  put(path: string, bytes: Uint8Array): Promise<'created' | 'exists'>;
  putFile(path: string, localFile: string): Promise<'created' | 'exists'>;
  /** @throws LandfallError `staging.gone` */
  get(path: string): Promise<Uint8Array>;
  open(path: string): Promise<Readable>;
  list(prefix: string): AsyncIterable<{ path: string; bytes: number; modifiedAt: Date }>;
  delete(path: string): Promise<void>;
  /** A local path at which DuckDB can read the object. */
  localFile(path: string): Promise<string>;
  /** The local folder that all of them lie in. */
  readonly localFolder: string;
}
