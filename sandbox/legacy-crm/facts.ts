import type { LegacyTable } from './schema.ts';

/** How many rows each table gets, and what was planted in them: what a migration must find, exactly. */
export interface LegacyFacts {
  rows: Record<LegacyTable, number>;
  planted: {
    unknownCountries: number;
    undecodableRemarks: number;
    danglingParents: number;
    selfParents: number;
    parentCycle: number;
    malformedEmails: number;
    /** Contacts that have only an address that others of their office have too. */
    sharedEmails: number;
    /** Contacts that are another contact: same address but for case and blanks, same family name. */
    twinContacts: number;
    longNames: number;
    orphanMemberships: number;
    unitsTooPrecise: number;
    linesWithoutHeader: number;
    linesTooLong: number;
    totalsOff: number;
    orphanActivities: number;
    activitiesWithControls: number;
    activitiesInDstGap: number;
    activitiesInRepeatedHour: number;
    orphanNotes: number;
    attachments: number;
    emptyAttachments: number;
  };
}

export interface LegacySize {
  seed: number;
  /** About how many rows in all. */
  size: number;
  /** Attachments of 50 MB. */
  largeAttachments?: number;
}

/** Nothing made yet, but for the two knots that every size has. */
export function noFacts(): LegacyFacts {
  return {
    rows: { organisation: 0, contact: 0, membership: 0, invoice: 0, invoice_line: 0, activity: 0, note: 0 },
    planted: {
      unknownCountries: 0,
      undecodableRemarks: 0,
      danglingParents: 0,
      selfParents: 1,
      parentCycle: 3,
      malformedEmails: 0,
      sharedEmails: 0,
      twinContacts: 0,
      longNames: 0,
      orphanMemberships: 0,
      unitsTooPrecise: 0,
      linesWithoutHeader: 0,
      linesTooLong: 0,
      totalsOff: 0,
      orphanActivities: 0,
      activitiesWithControls: 0,
      activitiesInDstGap: 0,
      activitiesInRepeatedHour: 0,
      orphanNotes: 0,
      attachments: 0,
      emptyAttachments: 0,
    },
  };
}
