import type { CatalogueColumn, Holds } from '../connectors/port.ts';
import { singular, wordsOf } from './names.ts';

const secret =
  /(^| )(password|passwd|pwd|passphrase|secret|token|api ?key|private ?key|credential|salt|otp|totp|pin ?code|cvv|cvc)( |$)/;

/** By what a column is called, and by what it must hold for the name to mean it. */
const personal: readonly { name: RegExp; holds: readonly Holds['kind'][] }[] = [
  { name: /(^| )e ?mail( |$)/, holds: ['text'] },
  { name: /(^| )(phone|telephone|mobile|cell|fax|msisdn|phone ?number)( |$)/, holds: ['text', 'bigint'] },
  {
    name: /(^| )((first|last|middle|maiden|given|family|full|display|nick|user) ?name|surname|forename)( |$)/,
    holds: ['text'],
  },
  {
    name: /(^| )(birth ?date|date of birth|dob|birthday|birth ?(day|year|place))( |$)/,
    holds: ['date', 'text', 'localTime', 'instant', 'integer'],
  },
  { name: /(^| )(address|street|post ?code|postal ?code|zip|zip ?code|line ?[1-5])( |$)/, holds: ['text'] },
  {
    name: /(^| )(iban|bic|swift|bank ?account|account ?(no|number)|card ?number|credit ?card)( |$)/,
    holds: ['text', 'bigint'],
  },
  { name: /(^| )(ip|ip ?addr(ess)?|remote ?addr(ess)?|mac ?addr(ess)?)( |$)/, holds: ['text', 'other'] },
  { name: /(^| )(ssn|social ?security|national ?id|passport|tax ?id|vat ?id|ahv|avs)( |$)/, holds: ['text', 'bigint'] },
  { name: /(^| )(gender|sex|nationality|religion|marital)( |$)/, holds: ['text', 'enum'] },
  { name: /(^| )(latitude|longitude|geo)( |$)/, holds: ['text', 'decimal', 'float'] },
];

/** Tables whose rows are people, so that `name` is one. */
const people = new Set(
  'person people user contact customer employee member patient candidate applicant author subscriber staff owner guest'.split(
    ' ',
  ),
);

/** A guess from a column's name and type; null: nothing speaks for it. */
export function classOf(table: string, column: CatalogueColumn): 'personal' | 'restricted' | null {
  const { holds } = column;
  const name = wordsOf(column.name).join(' ');
  if (secret.test(name) && ['text', 'bytes', 'other', 'uuid'].includes(holds.kind)) return 'restricted';
  if (/^(inet|cidr|macaddr8?)$/.test(column.nativeType)) return 'personal';
  if (personal.some((one) => one.name.test(name) && one.holds.includes(holds.kind))) return 'personal';
  const ofPeople = people.has(singular(wordsOf(table).at(-1) ?? ''));
  return ofPeople && name === 'name' && holds.kind === 'text' ? 'personal' : null;
}
