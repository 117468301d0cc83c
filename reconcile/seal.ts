import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { Report } from '../model/report.ts';

/** A report as the bytes that are signed (RFC 8785, JSON Canonicalization Scheme) and their SHA-256. */
export function seal(report: Report): { text: string; digest: string } {
  const text = canonicalize(Report.parse(report)) ?? '';
  return { text, digest: createHash('sha256').update(text).digest('hex') };
}
