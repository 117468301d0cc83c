import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates } from 'node:tls';

let file: string | undefined;

/**
 * The path of a file with the certificates that Node trusts. The libpq in DuckDB knows none by itself, and would refuse
 * servers that the connector's other connections reach. Written once a process, and gone when it ends.
 */
export function trustedFile(): string {
  // Where old files are cleared away, a worker may outlive it.
  if (file !== undefined && existsSync(file)) return file;
  const folder = mkdtempSync(join(tmpdir(), 'landfall-trusted-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  file = join(folder, 'trusted.pem');
  writeFileSync(file, getCACertificates('default').join('\n'));
  return file;
}
