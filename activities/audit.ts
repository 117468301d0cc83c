import { problemFrom, type Problem } from '../model/errors.ts';
import { partsOf } from '../model/blueprint.ts';
import type { Plan } from '../model/plan.ts';
import type { Report } from '../model/report.ts';
import type { Step } from '../model/run.ts';
import { readEvidence, type EvidenceRecord } from '../staging/evidence.ts';
import type { Staging } from '../staging/index.ts';
import { readManifest } from '../staging/manifest.ts';
import { verifiedFile } from '../staging/rows.ts';
import { verifiedAssertion } from './assertions.ts';
import type { AssertedAction } from './contract.ts';
import { Kept } from './decisions.ts';
import { findPlan, readLedger, readRecords } from './documents.ts';
import { entityOf } from './parts.ts';
import { readReport } from './reports.ts';

/** A decision about a report, and the report as it is staged. */
export interface AuditedReport {
  digest: string;
  verdict: Report['verdict'];
  decision: string;
  by: string;
  at: string;
}

/** What an auditor finds of a run, without asking anybody but its staging. */
export interface Audit {
  run: string;
  plan: string;
  /** Records of evidence, whose chain holds. */
  records: number;
  /** Decisions whose signatures hold under the keys of the plan. */
  decisions: number;
  reports: AuditedReport[];
  /** The report by which the target was marked live, if it was. */
  switchedBy: string | null;
  /** Staged files that the signed reports bind, proven by their digests, and their bytes. */
  files: number;
  bytes: number;
  /** Data keys that were disposed of: what they encrypted is proven, and can be read no more. */
  disposed: string[];
  problems: Problem[];
}

const isDecision = (record: EvidenceRecord): boolean => Kept.safeParse(record.body).success;

async function decided(staging: Staging, plan: Plan, record: EvidenceRecord): Promise<void> {
  const { assertion } = Kept.parse(record.body);
  await verifiedAssertion(plan, {
    run: staging.run,
    action: record.kind as AssertedAction,
    assertion,
    at: new Date(record.at),
  });
}

/** Proves every file that a report binds: its entities' ledgers, their manifests, and the bytes of their files. */
async function proveFiles(
  staging: Staging,
  plan: Plan,
  report: Report,
  found: (bytes: number) => void,
  problem: (error: unknown) => void,
): Promise<void> {
  const records = await readRecords(staging, report.staged ?? '');
  for (const [entity, { ledgers }] of Object.entries(records)) {
    for (const [step, ledger] of Object.entries(ledgers) as [Step, string][]) {
      for (const [chunk, digest] of await readLedger(staging, { entity, step }, ledger)) {
        try {
          const manifest = await readManifest(staging, { entity, step, chunk, digest });
          for (const file of manifest.files) {
            await verifiedFile(staging, file);
            found(file.bytes);
          }
        } catch (error) {
          problem(error);
        }
      }
    }
  }
  // A report that speaks of a part whose entity is not among what it binds would prove nothing of it.
  for (const { part, entity } of report.parts) {
    if (records[entity] && partsOf(entityOf(plan, entity)).some((one) => one.name === part)) continue;
    problem(new Error(`the report speaks of ${part}, of which it binds no file`));
  }
}

/**
 * Proves what stands in a run's staging: the evidence is a chain, each decision carries a signature that held when it was
 * made, each report that was decided about is the one that was named, and every staged file that it binds is the one that
 * its step wrote. Needs no data key of what is restricted.
 *
 * @throws LandfallError `plan.unknown`, `evidence.broken`; everything else that is wrong is listed
 */
export async function auditRun(staging: Staging, beat: (files: number) => void = () => {}): Promise<Audit> {
  const { digest, plan } = await findPlan(staging);
  const log = await readEvidence(staging);
  const audit: Audit = {
    run: staging.run,
    plan: digest,
    records: log.length,
    decisions: 0,
    reports: [],
    switchedBy: null,
    files: 0,
    bytes: 0,
    disposed: (await staging.keyring.names()).disposed,
    problems: [],
  };
  const problem = (error: unknown, where = {}): void => void audit.problems.push(problemFrom(error, where));
  for (const record of log.filter(isDecision)) {
    await decided(staging, plan, record).then(
      () => (audit.decisions += 1),
      (error: unknown) => problem(error, { record: record.number }),
    );
    if (record.kind !== 'sign-off') continue;
    const { about, decision } = Kept.parse(record.body);
    try {
      const report = await readReport(staging, about ?? '');
      if (report.plan !== digest) throw new Error('the report is of another plan than the run’s');
      audit.reports.push({ digest: about ?? '', verdict: report.verdict, decision, by: record.by, at: record.at });
      await proveFiles(
        staging,
        plan,
        report,
        (bytes) => {
          audit.files += 1;
          audit.bytes += bytes;
          beat(audit.files);
        },
        problem,
      );
    } catch (error) {
      problem(error, { record: record.number });
    }
  }
  const switched = log.find((one) => one.kind === 'switched');
  if (switched) {
    const { body } = switched;
    const by = typeof body === 'object' && body !== null && !Array.isArray(body) ? body['report'] : null;
    audit.switchedBy = typeof by === 'string' ? by : '';
    if (!audit.reports.some((one) => one.digest === by && one.decision === 'signed')) {
      problem(new Error('the target was marked live by a report that nobody signed'), { record: switched.number });
    }
  }
  return audit;
}
