import { noFacts, type LegacyFacts, type LegacySize } from './facts.ts';
import { clockChange } from './geneva-clock.ts';
import type { LegacyTable } from './schema.ts';
import { seeded, type Random } from './random.ts';
import { companies, controlNoise, countries, firstNames, lastNames, sentences } from './words.ts';

export type Cell = string | number | boolean | Buffer | null;
export type LegacyRow = readonly Cell[];

const shares: Record<LegacyTable, number> = {
  organisation: 0.04,
  contact: 0.18,
  membership: 0.05,
  invoice: 0.06,
  invoice_line: 0.17,
  activity: 0.45,
  note: 0.05,
};

const categories = ['MS', 'Member State', 'M.S.', 'ms ', 'SM', 'Sector Member', 'AC', 'Academia', 'AS', 'Associate'];
const classes = ['1/16', '1/8', '1/4', '1/2', '1', '2', '5', '10', '40'];

function rowsOf(table: LegacyTable, size: number): number {
  return Math.max(20, Math.round(size * shares[table]));
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}

function day(random: Random, from: number, to: number): string {
  return `${random.int(from, to)}-${pad(random.int(1, 12), 2)}-${pad(random.int(1, 28), 2)}`;
}

function clock(random: Random): string {
  return `${pad(random.int(0, 23), 2)}:${pad(random.int(0, 59), 2)}:${pad(random.int(0, 59), 2)}`;
}

/** Windows-1252 bytes, most of them ASCII. */
function remark(random: Random, undecodable: boolean): Buffer {
  const text = Buffer.from(
    `Remarque n${String.fromCharCode(0xb0)} ${random.int(1, 999)} : r${String.fromCharCode(0xe9)}gion`,
    'latin1',
  );
  return undecodable ? Buffer.concat([text, Buffer.from([0x20, random.pick([0x81, 0x8d, 0x8f, 0x90, 0x9d])])]) : text;
}

/**
 * The legacy CRM's rows, table by table, from a seed. Rows are made one at a time, so that millions take no more memory
 * than the keys of organisations and contacts that others refer to.
 */
export function generateLegacyCrm(options: LegacySize): {
  rows: Record<LegacyTable, () => Generator<LegacyRow>>;
  facts: LegacyFacts;
} {
  const organisations = rowsOf('organisation', options.size);
  const contacts = rowsOf('contact', options.size);
  const facts = noFacts();
  const { planted } = facts;
  const ids = seeded(options.seed * 7919 + 1);
  const contactIds = Array.from({ length: contacts }, () => ids.uuid());
  const org = (random: Random): number => 1000 + random.int(0, organisations - 1) * 3;
  const stream = (table: LegacyTable): Random => seeded(options.seed * 31 + Object.keys(shares).indexOf(table));
  const count = (table: LegacyTable, row: LegacyRow): LegacyRow => {
    facts.rows[table] += 1;
    return row;
  };

  function* organisation(): Generator<LegacyRow> {
    const random = stream('organisation');
    for (let i = 0; i < organisations; i += 1) {
      const place = random.pick(countries);
      const unknown = i % 97 === 13;
      const undecodable = i % 89 === 7;
      // Five levels: the n-th belongs to the (n/6)-th; three at the end form a ring, one is its own parent.
      let parent: number | null = i === 0 || i % 5 === 0 ? null : 1000 + Math.floor(i / 6) * 3;
      if (i >= organisations - 3) parent = 1000 + (organisations - 3 + ((i - (organisations - 3) + 1) % 3)) * 3;
      else if (i === organisations - 4) parent = 1000 + i * 3;
      else if (i === 11 || i === 14) {
        parent = 999_999_000 + i;
        planted.danglingParents += 1;
      }
      if (unknown) planted.unknownCountries += 1;
      if (undecodable) planted.undecodableRemarks += 1;
      yield count('organisation', [
        1000 + i * 3,
        `${place.name} ${random.pick(companies)} ${i}${random.chance(0.1) ? '  ' : ''}`,
        random.pick(categories),
        unknown ? 'Atlantis' : random.pick([place.iso2, place.name, ...place.aliases]),
        parent,
        i % 3 === 0 ? (contactIds[i % contacts] ?? null) : null,
        random.pick(['A', 'A', 'A', 'S', 'C']),
        random.pick(['0.06250', '0.12500', '0.25000', '0.50000', '1.00000', '2.00000', '40.00000']),
        random.chance(0.6) ? `https://www.example.org/${i}` : null,
        day(random, 1950, 2024),
        random.chance(0.3) || undecodable ? remark(random, undecodable) : null,
        `${day(random, 2015, 2025)} ${clock(random)}`,
      ]);
    }
  }

  function* contact(): Generator<LegacyRow> {
    const random = stream('contact');
    const people: { first: string; last: string; email: string; written: boolean }[] = [];
    for (let i = 0; i < contacts; i += 1) {
      // A twin of somebody far back: the same address but for case and blanks, other fields filled in.
      const twin = i % 20 === 19 ? people[i >> 1] : undefined;
      const malformed = !twin && i % 53 === 5;
      const long = !twin && !malformed && i % 211 === 17;
      // One address for the whole office: it says nothing of who the person is.
      const shared = !twin && !malformed && !long && i % 17 === 11;
      const first = random.pick(firstNames);
      const last = long ? `${random.pick(lastNames)}${'-Hohenstein'.repeat(6)}` : random.pick(lastNames);
      const email = malformed
        ? random.pick(['not an address', 'a@', '@b.org', 'x@y@z.int'])
        : shared
          ? `info@example${i % 40}.int`
          : `p${i}@example${i % 40}.int`;
      const withoutEmail = !twin && i % 31 === 3;
      const person = twin ?? { first, last, email, written: !withoutEmail };
      people.push(
        twin || malformed || long || shared ? { first, last, email: `q${i}@example.int`, written: false } : person,
      );
      if (twin?.written) planted.twinContacts += 1;
      if (malformed && !withoutEmail) planted.malformedEmails += 1;
      if (shared && !withoutEmail) planted.sharedEmails += 1;
      if (person.last.length > 50) planted.longNames += 1;
      const optedOut = random.chance(0.15);
      yield count('contact', [
        contactIds[i] ?? '',
        org(random),
        twin ? person.first.normalize('NFC') : `${person.first}${random.chance(0.1) ? '  ' : ''}`,
        person.last,
        twin ? ` ${person.email.toUpperCase()} ` : withoutEmail ? null : person.email,
        random.chance(0.5) ? `+41 22 ${random.int(100, 999)} ${pad(random.int(0, 99), 2)}` : null,
        random.chance(0.4) ? day(random, 1940, 2002) : null,
        random.pick(['en', 'fr', 'es', 'ar', 'ru', 'zh']),
        optedOut || (twin !== undefined && i % 40 === 39),
        random.chance(0.1),
        optedOut ? `${day(random, 2018, 2025)} ${clock(random)}+00` : null,
        `${day(random, 2001, 2015)} ${clock(random)}+00`,
        `${day(random, 2016, 2025)} ${clock(random)}.${pad(i % 1_000_000, 6)}+00`,
      ]);
    }
  }

  function* membership(): Generator<LegacyRow> {
    const random = stream('membership');
    const total = rowsOf('membership', options.size);
    for (let i = 0; i < total; i += 1) {
      const orphan = i % 307 === 9;
      const precise = !orphan && i % 401 === 21;
      if (orphan) planted.orphanMemberships += 1;
      if (precise) planted.unitsTooPrecise += 1;
      const from = random.int(1990, 2020);
      yield count('membership', [
        orphan ? 888_000_000 + i : 1000 + (i % organisations) * 3,
        Math.floor(i / organisations) + 1,
        random.pick(classes),
        precise ? '0.12345678901234' : random.pick(['0.0625', '0.125', '0.25', '0.5', '1', '2', '5', '10', '40']),
        `${from}-01-01`,
        random.chance(0.5) ? `${from + random.int(1, 9)}-12-31` : null,
        random.pick(['active', 'suspended', 'ended']),
      ]);
    }
  }

  const invoices = rowsOf('invoice', options.size);
  const invoiceNo = (i: number): string => `INV-${2010 + (i % 15)}-${pad(i, 6)}`;
  /** The lines of one invoice in cents: the header's total follows from the same numbers. */
  const linesOf = (i: number): { price: number; quantity: number; amount: number }[] => {
    const random = seeded(options.seed * 17 + i);
    const sign = i % 43 === 42 ? -1 : 1;
    return Array.from({ length: 1 + (i % 5) }, () => {
      const quantity = random.int(1, 12);
      const price = sign * random.int(100, 5_000_000);
      return { price, quantity, amount: price * quantity };
    });
  };
  const money = (cents: number): string =>
    `${cents < 0 ? '-' : ''}${Math.floor(Math.abs(cents) / 100)}.${pad(Math.abs(cents) % 100, 2)}`;

  function* invoice(): Generator<LegacyRow> {
    const random = stream('invoice');
    for (let i = 0; i < invoices; i += 1) {
      const off = i % 503 === 4;
      if (off) planted.totalsOff += 1;
      const total = linesOf(i).reduce((sum, line) => sum + line.amount, 0) + (off ? 1 : 0);
      yield count('invoice', [
        invoiceNo(i),
        org(random),
        day(random, 2010, 2024),
        random.pick(['CHF', 'CHF', 'EUR', 'USD']),
        money(total),
        random.pick(['open', 'paid', 'cancelled']),
      ]);
    }
  }

  function* invoiceLine(): Generator<LegacyRow> {
    const random = stream('invoice_line');
    for (let i = 0; i < invoices; i += 1) {
      for (const [n, line] of linesOf(i).entries()) {
        const long = n === 0 && i % 601 === 8;
        if (long) planted.linesTooLong += 1;
        yield count('invoice_line', [
          invoiceNo(i),
          n + 1,
          long
            ? 'Contribution '.repeat(50)
            : `Contribution ${2010 + (i % 15)}, ${random.pick(['unit', 'units', 'interest'])}`,
          `${line.quantity}.000`,
          `${money(line.price)}0000`,
          money(line.amount),
          `7${random.int(100, 999)}`,
        ]);
      }
    }
    for (let i = 0; i < 3; i += 1) {
      planted.linesWithoutHeader += 1;
      yield count('invoice_line', [`INV-2009-${pad(i, 6)}`, 1, 'Lost', '1.000', '10.000000', '10.00', '7000']);
    }
  }

  function* activity(): Generator<LegacyRow> {
    const random = stream('activity');
    const total = rowsOf('activity', options.size);
    let id = 5_000_000_000;
    for (let i = 0; i < total; i += 1) {
      // Dense for a while, then a leap: keys that arithmetic over minimum and maximum would cut badly.
      id += i % 1000 === 999 ? 50_000_000 : random.int(1, 3);
      const orphan = i % 499 === 33;
      const noisy = i % 151 === 50;
      const gap = i % 997 === 100;
      const repeated = i % 997 === 200;
      if (orphan) planted.orphanActivities += 1;
      if (noisy) planted.activitiesWithControls += 1;
      const about = random.chance(0.5);
      const text = random.pick(sentences);
      const kind = random.pick(['call', 'mail', 'meeting']);
      const nobody = about ? '999999999' : '00000000-0000-4000-a000-000000000000';
      const somebody = (): string => (about ? String(org(random)) : (contactIds[random.int(0, contacts - 1)] ?? ''));
      const whom = orphan ? nobody : somebody();
      const body = noisy ? `${text}${controlNoise}` : random.chance(0.02) ? `${text} `.repeat(200) : text;
      const at = gap
        ? '2021-03-28 02:30:00'
        : repeated
          ? '2021-10-31 02:30:00'
          : `${day(random, 2005, 2025)} ${clock(random)}`;
      // Others fall there by chance.
      const change = clockChange(at);
      if (change === 'skipped') planted.activitiesInDstGap += 1;
      if (change === 'repeated') planted.activitiesInRepeatedHour += 1;
      yield count('activity', [
        id,
        kind,
        about ? 'O' : 'C',
        whom,
        `${text.slice(0, 40)} #${i}`,
        body,
        at,
        random.chance(0.7) ? random.int(1, 240) : null,
        `user${random.int(1, 60)}`,
      ]);
    }
  }

  function* note(): Generator<LegacyRow> {
    const random = stream('note');
    const total = rowsOf('note', options.size);
    for (let i = 0; i < total; i += 1) {
      const orphan = i % 251 === 77;
      if (orphan) planted.orphanNotes += 1;
      const large = i < (options.largeAttachments ?? 0);
      const attached = large || i % 25 === 3;
      const bytes = large ? 50 * 1024 * 1024 : i % 100 === 3 ? 0 : i % 400 === 28 ? 3_000_000 : random.int(10, 40_000);
      if (attached) planted.attachments += 1;
      if (attached && bytes === 0) planted.emptyAttachments += 1;
      const about = random.chance(0.5);
      yield count('note', [
        100 + i * 2,
        about ? 'O' : 'C',
        orphan ? '999999999' : about ? String(org(random)) : (contactIds[random.int(0, contacts - 1)] ?? ''),
        `Note ${i}`,
        random.pick(sentences),
        attached ? `file "${i}" é.bin` : null,
        attached ? 'application/octet-stream' : null,
        attached ? Buffer.alloc(bytes, `${i}:${options.seed};`) : null,
        `${day(random, 2010, 2025)} ${clock(random)}+00`,
      ]);
    }
  }

  return {
    rows: { organisation, contact, membership, invoice, invoice_line: invoiceLine, activity, note },
    facts,
  };
}
