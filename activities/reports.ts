import { z } from 'zod';
import { Report } from '../model/report.ts';
import { reportPage } from '../reconcile/page.ts';
import { seal } from '../reconcile/seal.ts';
import type { Staging } from '../staging/index.ts';
import { getSealed, putSealed } from '../staging/sealed.ts';

function pagePath(run: string, digest: string): string {
  return `runs/${run}/report-${digest.slice(0, 32)}.json`;
}

/** Seals and stages a report. @returns its digest, which a sign-off names */
export async function putReport(staging: Staging, report: Report): Promise<string> {
  const { text, digest } = seal(report);
  await putSealed(staging, pagePath(staging.run, digest), { text });
  return digest;
}

/** A sealed report, proven by its digest. */
export async function readReport(staging: Staging, digest: string): Promise<Report> {
  const { text } = await getSealed(staging, pagePath(staging.run, digest), z.strictObject({ text: z.string() }));
  const report = Report.parse(JSON.parse(text));
  if (seal(report).digest !== digest) throw new Error('the report does not have the digest it is filed under');
  return report;
}

/** The report's page for a browser. */
export async function readReportPage(staging: Staging, digest: string): Promise<string> {
  return reportPage(await readReport(staging, digest), digest);
}
