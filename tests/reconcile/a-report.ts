import type { FigureReport, PartReport, Report } from '../../model/report.ts';
import { addCounts, type Counts } from '../../model/run.ts';

/** A part in which everything arrived, but for what a test says. */
export function aPart(
  fields: Partial<Omit<PartReport, 'accounting'>> & { accounting?: Partial<Counts> } = {},
): PartReport {
  const { accounting, ...rest } = fields;
  const counts = addCounts({
    extracted: 4849,
    contributing: 4812,
    rejected: 30,
    left: 7,
    ready: 4812,
    created: 4812,
    ...accounting,
  });
  return {
    part: 'organisation',
    entity: 'organisation',
    title: 'Organisations',
    targetCount: 4812,
    readBack: 4812,
    equal: 4812,
    differing: 0,
    missing: 0,
    unexpected: 0,
    duplicates: 0,
    differences: [],
    differencesTotal: 0,
    differencesByField: [],
    missingKeys: [],
    unexpectedKeys: [],
    duplicateKeys: [],
    compared: ['name', 'crm_category'],
    notCompared: [],
    rejected: [
      { rule: 'text.too-long', field: 'name', rows: 30, reason: 'The text is longer than the target can hold.' },
    ],
    leftBehind: [{ rule: 'test-data', field: '', rows: 7, reason: 'Made by testers in 2009.' }],
    refused: [],
    blocked: [],
    dropped: [],
    attachments: null,
    ...rest,
    accounting: counts,
  };
}

export function aFigure(fields: Partial<FigureReport> = {}): FigureReport {
  return {
    name: 'organisations-by-category',
    title: 'Members by category',
    unit: 'organisations',
    expected: null,
    groups: [
      {
        group: { category: 'Member State' },
        source: '193',
        staged: '193',
        moved: '193',
        target: '193',
        judgement: 'match',
      },
      {
        group: { category: 'Sector Member' },
        source: '4656',
        staged: '4656',
        moved: '4619',
        target: '4619',
        judgement: 'explained',
      },
    ],
    judgement: 'explained',
    note: '',
    ...fields,
  };
}

/** A whole report, but for what a test says. */
export function aReport(fields: Partial<Report> = {}): Report {
  return {
    version: 1,
    run: 'crm-rehearsal-3',
    migration: 'crm',
    title: 'Membership CRM to the cloud',
    mode: 'rehearsal',
    plan: '5f'.repeat(32),
    source: { connection: 'legacy-crm', positions: ['snapshot 00000003-1 at 0/1A2B3C'] },
    target: { connection: 'cloud-crm', asAt: '2026-03-01T10:20:30Z' },
    owners: [{ id: 'ines', name: 'Inés Ångström' }],
    startedAt: '2026-03-01T09:00:00Z',
    verdict: 'whole',
    reasons: [],
    parts: [aPart()],
    figures: [aFigure()],
    ...fields,
  };
}
