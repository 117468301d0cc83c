import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { Report } from '../model/report.ts';

/**
 * A report as the text that is signed (RFC 8785, JSON Canonicalization Scheme, in UTF-8) and the SHA-256 of its bytes.
 * The same report gives the same bytes, in whatever order its properties were written.
 *
 * @throws ZodError when it is not a report; Error when a text is not well-formed Unicode (a lone surrogate)
 */
export function seal(report: Report): { text: string; bytes: Uint8Array; digest: string } {
  const text = canonicalize(Report.parse(report)) ?? '';
  const bytes = Buffer.from(text, 'utf8');
  return { text, bytes, digest: createHash('sha256').update(bytes).digest('hex') };
}
