import { blueprint, csv } from '../../model/builders.ts';
import { activity, note } from './activity.ts';
import { consent, contact } from './contact.ts';
import { controls } from './controls.ts';
import { invoice } from './invoice.ts';
import { membership } from './membership.ts';
import { organisation } from './organisation.ts';

/** The membership office's CRM: from PostgreSQL into a cloud CRM. */
export default blueprint('crm', {
  title: 'Membership CRM',
  lookups: { country: csv('countries.csv') },
  entities: [organisation, contact, consent, membership, invoice, activity, note],
  controls,
});
