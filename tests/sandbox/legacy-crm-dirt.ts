import pg from 'pg';
import type { LegacyFacts } from '../../sandbox/legacy-crm/index.ts';
import { countries } from '../../sandbox/legacy-crm/words.ts';
import { figure } from './legacy-crm-bench.ts';

/** Every spelling of a country that the office's list explains, as an array for PostgreSQL. */
const known = `ARRAY[${countries
  .flatMap(({ iso2, name, aliases }) => [iso2, name, ...aliases])
  .map((spelling) => pg.escapeLiteral(spelling))
  .join(', ')}]`;

/** Each kind of dirt, found without the generator's help. */
const dirt: Record<keyof LegacyFacts['planted'], string> = {
  unknownCountries: `crm.organisation WHERE country <> ALL (${known})`,
  undecodableRemarks: `crm.organisation WHERE encode(remark, 'hex') ~ '^(..)*(81|8d|8f|90|9d)'`,
  danglingParents: `crm.organisation AS o LEFT JOIN crm.organisation AS p ON p.org_id = o.parent_id
    WHERE o.parent_id IS NOT NULL AND p.org_id IS NULL`,
  selfParents: `crm.organisation WHERE parent_id = org_id`,
  parentCycle: `crm.organisation AS a JOIN crm.organisation AS b ON b.org_id = a.parent_id
    JOIN crm.organisation AS c ON c.org_id = b.parent_id WHERE c.parent_id = a.org_id AND a.org_id <> b.org_id`,
  malformedEmails: String.raw`crm.contact WHERE trim(email) !~ '^[^@\s]+@[^@\s]+\.[^@\s]+$'`,
  sharedEmails: `crm.contact WHERE email LIKE 'info@%'`,
  twinContacts: `(SELECT row_number() OVER (PARTITION BY lower(trim(email)), last_name) AS nth FROM crm.contact
    WHERE email ~* '^ *p[0-9]+@') AS person WHERE nth > 1`,
  longNames: `crm.contact WHERE length(trim(last_name)) > 50`,
  orphanMemberships: `crm.membership LEFT JOIN crm.organisation AS o USING (org_id) WHERE o.org_id IS NULL`,
  unitsTooPrecise: `crm.membership WHERE scale(units) > 10`,
  linesWithoutHeader: `crm.invoice_line LEFT JOIN crm.invoice AS i USING (invoice_no) WHERE i.invoice_no IS NULL`,
  linesTooLong: `crm.invoice_line WHERE length(description) > 500`,
  totalsOff: `crm.invoice JOIN (SELECT invoice_no, sum(amount) AS amount FROM crm.invoice_line GROUP BY 1) AS lines
    USING (invoice_no) WHERE total <> amount`,
  orphanActivities: orphans('activity'),
  activitiesWithControls: String.raw`crm.activity WHERE body ~ '[\x01-\x08\x0b\x0c\x0e-\x1f]'`,
  // PostgreSQL's own time zones know what the clock skipped, and what it showed twice.
  activitiesInDstGap: `crm.activity WHERE happened_at AT TIME ZONE 'Europe/Zurich' AT TIME ZONE 'Europe/Zurich' <> happened_at`,
  activitiesInRepeatedHour: `crm.activity WHERE happened_at IN (
    (happened_at AT TIME ZONE 'Europe/Zurich' - interval '1 hour') AT TIME ZONE 'Europe/Zurich',
    (happened_at AT TIME ZONE 'Europe/Zurich' + interval '1 hour') AT TIME ZONE 'Europe/Zurich')`,
  orphanNotes: orphans('note'),
  attachments: `crm.note WHERE content IS NOT NULL`,
  emptyAttachments: `crm.note WHERE content = ''`,
};

function orphans(table: 'activity' | 'note'): string {
  return `crm.${table} LEFT JOIN (SELECT 'O' AS type, org_id::text AS id FROM crm.organisation
    UNION ALL SELECT 'C', contact_id::text FROM crm.contact) AS there
    ON type = regarding_type AND id = regarding_id WHERE id IS NULL`;
}

/** What is there of each kind of dirt, by SQL alone. */
export async function planted(client: pg.Client): Promise<Partial<LegacyFacts['planted']>> {
  const found: Partial<LegacyFacts['planted']> = {};
  for (const [kind, from] of Object.entries(dirt) as [keyof typeof dirt, string][]) {
    found[kind] = await figure(client, from);
  }
  return found;
}
