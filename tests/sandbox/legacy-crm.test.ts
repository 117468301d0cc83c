import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { generateLegacyCrm } from '../../sandbox/legacy-crm/generate.ts';
import { createLegacyCrm, type LegacyFacts, type LegacySize } from '../../sandbox/legacy-crm/index.ts';
import { tables, type LegacyTable } from '../../sandbox/legacy-crm/schema.ts';
import { figure, legacyBench } from './legacy-crm-bench.ts';
import { planted } from './legacy-crm-dirt.ts';

const { create, connect } = legacyBench();

describe('the legacy CRM’s generator', () => {
  const digests = (options: LegacySize, order: readonly LegacyTable[]): Record<string, string> => {
    const { rows } = generateLegacyCrm(options);
    return Object.fromEntries(
      order.map((table) => {
        const hash = createHash('sha256');
        for (const row of rows[table]()) hash.update(JSON.stringify(row));
        return [table, hash.digest('hex')];
      }),
    );
  };

  it('makes the same rows from the same seed, in whatever order the tables are asked for', () => {
    const size = { seed: 3, size: 2_000 };
    expect(digests(size, tables)).toEqual(digests(size, tables.toReversed()));
  });

  it('makes other rows in every table from another seed', () => {
    const one = digests({ seed: 1, size: 2_000 }, tables);
    const other = digests({ seed: 2, size: 2_000 }, tables);
    expect(tables.filter((table) => other[table] === one[table])).toEqual([]);
  });

  it.each([100, 2_000, 50_000])('makes about as many rows as it was asked for (%i)', (size) => {
    const { rows, facts } = generateLegacyCrm({ seed: 1, size });
    for (const table of tables) for (const _ of rows[table]());
    const total = Object.values(facts.rows).reduce((sum, n) => sum + n, 0);
    expect(total).toBeGreaterThan(size * 0.95);
    // Seven tables have twenty rows at least.
    expect(total).toBeLessThan(Math.max(size * 1.05, 260));
  });
});

describe.each([
  { seed: 1, size: 2_000 },
  { seed: 7, size: 60_000 },
])('a legacy CRM of $size rows from seed $seed', (size) => {
  let url: string;
  let facts: LegacyFacts;
  beforeAll(async () => {
    ({ url, facts } = await create(size));
  });

  it('holds as many rows as it says', async () => {
    const client = await connect(url);
    const there: Partial<LegacyFacts['rows']> = {};
    for (const table of tables) there[table] = await figure(client, `crm.${table}`);
    expect(there).toEqual(facts.rows);
  });

  it('holds every kind of dirt, as much of it as it says', async () => {
    const client = await connect(url);
    const found = await planted(client);
    expect(found).toEqual(facts.planted);
    expect(Object.values(found)).not.toContain(0);
  });
});

describe('a legacy CRM', () => {
  const size = { seed: 5, size: 2_000 };
  let url: string;
  beforeAll(async () => {
    ({ url } = await create(size));
  });

  it('holds each text and each file as it was made: quotes, line ends, control characters, any script', async () => {
    const client = await connect(url);
    const { rows } = generateLegacyCrm(size);
    const texts = await client.query({
      text: 'SELECT activity_id, subject, body FROM crm.activity ORDER BY 1',
      rowMode: 'array',
    });
    expect(texts.rows).toEqual(Array.from(rows.activity(), (row) => [String(row[0]), row[4], row[5]]));
    const people = await client.query({
      text: 'SELECT contact_id, first_name, last_name, email FROM crm.contact',
      rowMode: 'array',
    });
    expect(people.rows).toEqual(Array.from(rows.contact(), (row) => [row[0], row[2], row[3], row[4]]));
    const remarks = await client.query({ text: 'SELECT org_id, remark FROM crm.organisation', rowMode: 'array' });
    expect(remarks.rows).toEqual(Array.from(rows.organisation(), (row) => [row[0], row[10]]));
    const files = await client.query({
      text: 'SELECT note_id, file_name, content FROM crm.note ORDER BY 1',
      rowMode: 'array',
    });
    expect(files.rows).toEqual(Array.from(rows.note(), (row) => [String(row[0]), row[5], row[7]]));
  });

  it('holds an attachment of 50 MB when asked for one', async () => {
    const { url: large } = await create({ seed: 5, size: 500, largeAttachments: 1 });
    const client = await connect(large);
    expect(await figure(client, 'crm.note WHERE octet_length(content) = 50 * 1024 * 1024')).toBe(1);
  });

  it('is not made over another', async () => {
    await expect(createLegacyCrm({ url, seed: 6, size: 100 })).rejects.toThrow('schema "crm" already exists');
    expect(await figure(await connect(url), 'crm.organisation WHERE org_id = 1000')).toBe(1);
  });

  it('is made whole or not at all, and says so when the server goes away', async () => {
    const elsewhere = await connect(url);
    const making = create({ seed: 6, size: 400_000 }).then(
      () => 'made',
      (error: Error) => error.message,
    );
    const end = `pg_stat_activity WHERE query LIKE 'COPY crm.%' AND pg_terminate_backend(pid)`;
    await expect.poll(() => figure(elsewhere, end), { interval: 20 }).toBe(1);
    // Where the write fails first, the server's own words are lost with the connection.
    expect(await making).toMatch(/terminating connection|ECONNRESET|EPIPE|Connection terminated/);
    const name = await elsewhere.query<{ datname: string }>(
      'SELECT datname FROM pg_database ORDER BY oid DESC LIMIT 1',
    );
    const at = new URL(url);
    at.pathname = String(name.rows[0]?.datname);
    expect(await figure(await connect(at.href), `pg_namespace WHERE nspname = 'crm'`)).toBe(0);
  });
});
