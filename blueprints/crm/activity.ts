import {
  attachments,
  choice,
  collection,
  crosswalkEither,
  entity,
  integer,
  reference,
  sql,
  table,
  text,
  timestamp,
} from '../../model/builders.ts';

const regarding = crosswalkEither([
  { when: sql`regarding_type = 'O'`, entity: 'organisation', key: sql`regarding_id` },
  { when: sql`regarding_type = 'C'`, entity: 'contact', key: sql`regarding_id` },
]);

/** Calls, mails and meetings, about an organisation or about a person. The target only creates them, under keys of its own. */
export const activity = entity('activity', {
  title: 'Activities',
  from: table('crm.activity', { key: ['activity_id'], classify: { subject: 'personal', body: 'personal' } }),
  to: collection('crm_interactions', {
    id: 'crm_interactionid',
    legacyKey: 'crm_legacyreference',
    write: 'create',
    shape: {
      crm_kind: choice({ 1: 'Call', 2: 'Mail', 3: 'Meeting' }),
      subject: text(200).nullable(),
      description: text(1_048_576).nullable(),
      regardingobjectid: reference('accounts', 'contacts').nullable(),
      crm_happenedon: timestamp({ precision: 'second' }),
      crm_durationminutes: integer({ min: 0 }).nullable(),
      crm_ownerlogin: text(100),
    },
  }),
  legacyKey: sql`'ACT-' || activity_id`,
  fields: {
    crm_kind: sql`CASE kind WHEN 'call' THEN 1 WHEN 'mail' THEN 2 WHEN 'meeting' THEN 3 END`,
    subject: sql`clean_controls(subject)`,
    description: sql`clean_controls(body)`,
    regardingobjectid: regarding,
    // The office wrote Geneva's wall clock. What the change to summer time skips is taken as the hour after; what the
    // change back repeats is taken as its first occurrence.
    crm_happenedon: sql`local_time(happened_at, 'Europe/Zurich', 'later', 'earlier')`,
    crm_durationminutes: sql`duration_minutes`,
    crm_ownerlogin: sql`owner_login`,
  },
});

/** Notes with their files, from nothing to fifty megabytes. */
export const note = entity('note', {
  title: 'Notes',
  from: table('crm.note', { key: ['note_id'], classify: { title: 'personal', body: 'personal' } }),
  to: collection('annotations', {
    id: 'annotationid',
    legacyKey: 'crm_legacyid',
    shape: {
      subject: text(500).nullable(),
      notetext: text(100_000).nullable(),
      filename: text(255).nullable(),
      mimetype: text(256).nullable(),
      objectid: reference('accounts', 'contacts').nullable(),
      crm_writtenon: timestamp({ precision: 'second' }).nullable(),
    },
  }),
  legacyKey: sql`'NOTE-' || note_id`,
  fields: {
    subject: sql`clean_controls(title)`,
    notetext: sql`clean_controls(body)`,
    filename: sql`file_name`,
    mimetype: sql`mime_type`,
    objectid: regarding,
    crm_writtenon: sql`created_at`,
  },
  attachments: attachments({ content: 'content', property: 'documentbody', fileName: sql`file_name` }),
});
