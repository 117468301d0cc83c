import { randomBytes } from 'node:crypto';
import { copyFile, readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LandfallError } from '../../model/errors.ts';
import { appendEvidence, readEvidence, type EvidenceRecord } from '../../staging/evidence.ts';
import type { Staging } from '../../staging/index.ts';
import { putSealed } from '../../staging/sealed.ts';
import { staged, temporaryFolder } from './open-staging.ts';

const at = '2026-03-01T12:00:00.000Z';

function append(staging: Staging, text: string): Promise<EvidenceRecord> {
  return appendEvidence(staging, { kind: 'sign-off', at, by: 'owner@example.org', body: { text } });
}

async function withThree(): Promise<{ staging: Staging; file: (n: number) => string }> {
  const staging = await staged();
  for (const text of ['one', 'two', 'three']) await append(staging, text);
  const file = (n: number): string =>
    join(staging.folder, 'runs', staging.run, 'evidence', `${String(n).padStart(12, '0')}.json`);
  return { staging, file };
}

function brokenAt(number: number): object {
  return { code: 'evidence.broken', what: expect.stringContaining(`record ${number}:`) as string };
}

describe('the evidence', () => {
  test('keeps what was appended, in order', async () => {
    const { staging } = await withThree();
    const log = await readEvidence(staging);
    expect(log.map((record) => [record.number, record.body])).toEqual([
      [0, { text: 'one' }],
      [1, { text: 'two' }],
      [2, { text: 'three' }],
    ]);
    expect(log[0]?.previous).toBeNull();
  });

  test('is empty where nothing was decided', async () => {
    expect(await readEvidence(await staged())).toEqual([]);
  });

  test('takes every record of writers at the same time once, without a gap', async () => {
    const folder = await temporaryFolder();
    const writers = await Promise.all(Array.from({ length: 6 }, () => staged({ folder })));
    await Promise.all(
      writers.map(async (staging, writer) => {
        for (let n = 0; n < 5; n += 1) await append(staging, `${writer}.${n}`);
      }),
    );
    const log = await readEvidence(await staged({ folder }));
    expect(log.map((record) => record.number)).toEqual(Array.from({ length: 30 }, (_, n) => n));
    const texts = log.map((record) => (record.body as { text: string }).text);
    expect(new Set(texts).size).toBe(30);
    for (const [writer] of writers.entries()) {
      expect(texts.filter((text) => text.startsWith(`${writer}.`))).toEqual(
        [0, 1, 2, 3, 4].map((n) => `${writer}.${n}`),
      );
    }
  });

  test('lets a writer refuse on what the log says, again after a lost race', async () => {
    const staging = await staged();
    const once = (log: readonly EvidenceRecord[]): void => {
      if (log.length > 0)
        throw new LandfallError({ code: 'signed', kind: 'permanent', what: 'Signed already.', hint: '' });
    };
    const outcomes = await Promise.allSettled(
      [1, 2, 3].map((n) => appendEvidence(staging, { kind: 'sign-off', at, by: `owner ${n}`, body: null }, once)),
    );
    expect(outcomes.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    expect(await readEvidence(staging)).toHaveLength(1);
  });

  test('names the first record that was altered', async () => {
    const { staging, file } = await withThree();
    await writeFile(file(1), Buffer.from(await readFile(file(1))).fill(0, 20, 21));
    await expect(readEvidence(staging)).rejects.toMatchObject(brokenAt(1));
    await expect(append(staging, 'four')).rejects.toMatchObject(brokenAt(1));
  });

  test('names the first record that is missing', async () => {
    const { staging, file } = await withThree();
    await unlink(file(0));
    await expect(readEvidence(staging)).rejects.toMatchObject(brokenAt(0));
  });

  test('notices records that were swapped', async () => {
    const { staging, file } = await withThree();
    await copyFile(file(2), file(1));
    await expect(readEvidence(staging)).rejects.toMatchObject(brokenAt(1));
  });

  test('notices a record rewritten by somebody who has the key', async () => {
    const { staging, file } = await withThree();
    const [, second] = await readEvidence(staging);
    await unlink(file(1));
    const path = `runs/${staging.run}/evidence/000000000001.json`;
    await putSealed(staging, path, { ...second, by: 'somebody else' });
    await expect(readEvidence(staging)).rejects.toMatchObject(brokenAt(2));
  });

  test('does not call itself broken because the master key is wrong', async () => {
    const folder = await temporaryFolder();
    await append(await staged({ folder }), 'one');
    const wrong = await staged({ folder, masterKey: randomBytes(32) });
    await expect(readEvidence(wrong)).rejects.toMatchObject({ code: 'staging.master-key' });
  });

  test('cannot be read from the folder', async () => {
    const { staging, file } = await withThree();
    expect((await readFile(file(0))).includes('owner@example.org')).toBe(false);
    expect(await readdir(join(staging.scratch))).toEqual([]);
  });
});
