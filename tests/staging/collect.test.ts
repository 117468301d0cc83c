import { spawnSync } from 'node:child_process';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openBlob, putBlob } from '../../staging/blobs.ts';
import { clearScratch, collectGarbage, referencedPaths } from '../../staging/collect.ts';
import { withDuckJob } from '../../staging/duckdb/job.ts';
import { appendEvidence, readEvidence } from '../../staging/evidence.ts';
import type { Staging } from '../../staging/index.ts';
import { writeManifest, readManifest } from '../../staging/manifest.ts';
import { parquetKeys, verifiedFile, writeRows } from '../../staging/rows.ts';
import { putSealed } from '../../staging/sealed.ts';
import { staged, temporaryFolder } from './open-staging.ts';

const hour = 3_600_000;

async function attempt(
  staging: Staging,
  chunk: number,
): Promise<{ entity: string; step: string; chunk: number; digest: string }> {
  const of = { entity: 'account', step: 'extract' as const, chunk };
  const keys = await parquetKeys(staging, ['rows']);
  const file = await withDuckJob(staging.budget, { purpose: 'a test', scratch: staging.scratch, keys }, (job) =>
    writeRows(staging, job, of, `SELECT ${chunk} AS id`, { role: 'rows', key: 'rows' }),
  );
  const manifest = {
    version: 1 as const,
    run: staging.run,
    plan: 'p',
    ...of,
    files: [file],
    counts: {},
    position: null,
  };
  return { ...of, digest: await writeManifest(staging, manifest) };
}

async function* each<T>(of: readonly T[]): AsyncGenerator<T> {
  for (const one of of) yield await Promise.resolve(one);
}

async function paths(staging: Staging): Promise<string[]> {
  const found: string[] = [];
  for await (const { path } of staging.store.list('')) found.push(path);
  return found.sort();
}

async function* bytes(text: string): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.from(text));
}

describe('garbage collection', () => {
  test('deletes what lost attempts left, and nothing that a manifest refers to', async () => {
    const staging = await staged();
    const accepted = [await attempt(staging, 0), await attempt(staging, 1)];
    const needed = await paths(staging);
    await attempt(staging, 0);
    await attempt(staging, 1);
    const referenced = await referencedPaths(staging, each(accepted));
    const collected = await collectGarbage(staging, { referenced, graceMs: hour, now: Date.now() + 2 * hour });
    expect(collected).toMatchObject({ deleted: 4, kept: needed.length });
    expect(collected.deletedBytes).toBeGreaterThan(0);
    expect(await paths(staging)).toEqual(needed);
    for (const one of accepted) {
      for (const file of (await readManifest(staging, one)).files) await verifiedFile(staging, file);
    }
  });

  test('deletes what attempts at loading left for each other, and nothing else beside it', async () => {
    const staging = await staged();
    const folder = `runs/${staging.run}/account/load/00000003-0123456789abcdef`;
    for (const name of ['epoch-1', 'epoch-2', 'intent-0.json', 'receipts-0.json']) {
      await staging.store.put(`${folder}/${name}`, Buffer.from('x'));
    }
    const stays = `runs/${staging.run}/account/load/found-before-accounts.json`;
    await staging.store.put(stays, Buffer.from('x'));
    await collectGarbage(staging, { referenced: new Set(), graceMs: hour, now: Date.now() + 2 * hour });
    expect(await paths(staging)).toEqual([stays]);
  });

  test('keeps what is younger than the grace period', async () => {
    const staging = await staged();
    await attempt(staging, 0);
    const before = await paths(staging);
    expect(await collectGarbage(staging, { referenced: new Set(), graceMs: hour })).toMatchObject({ deleted: 0 });
    expect(await paths(staging)).toEqual(before);
  });

  test('never touches keys, evidence, other documents or other runs', async () => {
    const staging = await staged();
    const other = { ...staging, run: 'crm-rehearsal-2' };
    await appendEvidence(staging, { kind: 'sign-off', at: '2026-03-01T00:00:00Z', by: 'owner', body: null });
    await putSealed(staging, `runs/${staging.run}/plan/${'a'.repeat(64)}.json`, {});
    await putSealed(staging, `runs/${staging.run}/keys/load/00000001-${'a'.repeat(32)}.json`, {});
    await attempt({ ...other }, 0);
    const before = await paths(staging);
    await collectGarbage(staging, {
      referenced: new Set(),
      attachments: new Set(),
      graceMs: 0,
      now: Date.now() + hour,
    });
    expect(await paths(staging)).toEqual(before);
    expect(await readEvidence(staging)).toHaveLength(1);
  });

  test('deletes attachments only when it is told which ones are needed', async () => {
    const staging = await staged();
    const [needed, orphan] = [await putBlob(staging, bytes('needed')), await putBlob(staging, bytes('orphan'))];
    const options = { referenced: new Set<string>(), graceMs: 0, now: Date.now() + hour };
    expect(await collectGarbage(staging, options)).toMatchObject({ deleted: 0 });
    expect(await collectGarbage(staging, { ...options, attachments: new Set([needed.path]) })).toMatchObject({
      deleted: 1,
    });
    await openBlob(staging, needed);
    await expect(openBlob(staging, orphan)).rejects.toMatchObject({ code: 'staging.gone' });
  });
});

test('what killed workers left in the scratch folder is cleared, and nothing else', async () => {
  const scratch = await temporaryFolder();
  const { pid: dead } = spawnSync(process.execPath, ['-e', '']);
  const old = new Date(Date.now() - hour);
  for (const name of [`job-${dead}-0123456789ab`, `job-${process.pid}-0123456789ab`, 'job-notes', 'keep']) {
    await mkdir(join(scratch, name, 'spill'), { recursive: true });
    await utimes(join(scratch, name), old, old);
  }
  await writeFile(join(scratch, `blob-${dead}-0123456789ab`), 'half');
  expect(await clearScratch(scratch, hour / 2)).toBe(1);
  expect((await readdir(scratch)).sort()).toEqual(
    [`blob-${dead}-0123456789ab`, `job-${process.pid}-0123456789ab`, 'job-notes', 'keep'].sort(),
  );
  expect(await clearScratch(scratch, 0)).toBe(1);
});
