import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { compareAttachments } from '../../reconcile/attachments.ts';
import { compareRows } from '../../reconcile/compare.ts';
import { findingsFile, stageFindings } from '../../reconcile/findings.ts';
import { withDuckJob } from '../../staging/duckdb/job.ts';
import type { Staging } from '../../staging/index.ts';
import { parquetKeys, relationOf, verifiedFile } from '../../staging/rows.ts';
import type { StagedList } from '../../model/report.ts';
import { staged } from '../staging/open-staging.ts';
import { inJob, table } from './in-job.ts';

const columns = { _key: 'VARCHAR', _target: 'VARCHAR', name: 'VARCHAR', iban: 'VARCHAR' };
const keyNames = ['rows', 'restricted-supplier'];

async function findings(staging: Staging): Promise<StagedList[]> {
  const keys = await parquetKeys(staging, keyNames);
  return withDuckJob(staging.budget, { purpose: 'a test', scratch: staging.scratch, keys }, async (job) => {
    const meant = await table(job, 'm', columns, [
      { _key: 'S-1', _target: '1', name: 'Acme', iban: 'CH93' },
      { _key: 'S-2', _target: '2', name: 'Beta', iban: 'CH94' },
      { _key: 'S-3', _target: '3', name: 'Coda', iban: 'CH95' },
    ]);
    const actual = await table(job, 'a', columns, [
      { _key: 'S-1', _target: '1', name: 'ACME', iban: 'CH00' },
      { _key: 'S-2', _target: '2', name: 'Beta', iban: 'CH94' },
    ]);
    await compareRows(job, { meant, actual, fields: ['name', 'iban'], masked: new Set(['iban']), list: 1 });
    const of = { entity: 'supplier', part: 'supplier', restricted: ['iban'], restrictedKey: 'restricted-supplier' };
    return stageFindings(staging, job, of);
  });
}

async function read(staging: Staging, list: StagedList): Promise<unknown[]> {
  const file = await findingsFile(staging, list);
  const local = await verifiedFile(staging, file);
  const keys = await parquetKeys(staging, [file.key]);
  return withDuckJob(staging.budget, { purpose: 'a test', scratch: staging.scratch, keys, reads: [local] }, (job) =>
    job.all(`SELECT * FROM ${relationOf([{ local, key: file.key }])} ORDER BY ALL`, z.record(z.string(), z.unknown())),
  );
}

describe('the complete lists of a comparison', () => {
  test('are staged beside the report, restricted values under a key of their own', async () => {
    const staging = await staged();
    const lists = await findings(staging);
    expect(lists.map((one) => [one.role, one.rows])).toEqual([
      ['supplier.differences', 2],
      ['supplier.differences-restricted', 1],
      ['supplier.missing', 1],
    ]);
    const [differences, restricted, missing] = await Promise.all(lists.map((list) => read(staging, list)));
    expect(differences).toEqual([
      { id: '1', key: 'S-1', field: 'iban', meant: null, found: null },
      { id: '2', key: 'S-1', field: 'name', meant: 'Acme', found: 'ACME' },
    ]);
    expect(restricted).toEqual([{ id: '1', meant: 'CH93', found: 'CH00' }]);
    expect(missing).toEqual([{ key: 'S-3' }]);
    const [, secret] = lists;
    expect(secret && (await findingsFile(staging, secret)).key).toBe('restricted-supplier');
  });

  test('have the same names however often they are computed', async () => {
    const staging = await staged();
    const first = await findings(staging);
    expect(await findings(staging)).toEqual(first);
  });
});

describe('attachments', () => {
  const columns = {
    _key: 'VARCHAR',
    bytes: 'BIGINT',
    sha256: 'VARCHAR',
    actual_bytes: 'BIGINT',
    actual_sha256: 'VARCHAR',
  };

  test('differ by size, by digest, and when they are not there', async () => {
    const same = { bytes: 5, sha256: 'aa', actual_bytes: 5, actual_sha256: 'aa' };
    const found = await inJob(async (job) => {
      const rows = await table(job, 'moved', columns, [
        { _key: 'a', ...same },
        { _key: 'b', ...same, actual_bytes: 4 },
        { _key: 'c', ...same, actual_sha256: 'bb' },
        { _key: 'd', ...same, actual_bytes: -1, actual_sha256: '' },
        { _key: 'e', ...same, actual_bytes: null, actual_sha256: null },
        { _key: 'f', ...same, actual_bytes: null },
      ]);
      return compareAttachments(job, rows, { list: 10, due: 7 });
    });
    expect(found).toMatchObject({ due: 7, moved: 6, bytes: 30, differing: 5 });
    expect(found.differences?.map((one) => [one.key, one.actualBytes, one.actualSha256])).toEqual([
      ['b', 4, 'aa'],
      ['c', 5, 'bb'],
      ['d', null, null],
      ['e', null, null],
      ['f', null, 'aa'],
    ]);
  });

  test('that there are none of are none that differ', async () => {
    const found = await inJob(async (job) =>
      compareAttachments(job, await table(job, 'moved', columns, []), { list: 10 }),
    );
    expect(found).toEqual({ moved: 0, bytes: 0, differing: 0, differences: [] });
  });
});
