import { beforeEach, expect, test } from 'vitest';
import { extractChunk } from '../../activities/extract.ts';
import { putChunkPlan, putPlan } from '../../activities/documents.ts';
import { makeKeyPair } from '../../cli/people.ts';
import type { Source } from '../../connectors/port.ts';
import type { Staging } from '../../staging/index.ts';
import { readManifest } from '../../staging/manifest.ts';
import { staged } from '../staging/open-staging.ts';
import { planOf } from './a-plan.ts';
import { never } from './a-target.ts';

const column = (name: string) => ({ name, nativeType: 'text', stagedType: 'VARCHAR', nullable: false });
const columns = [column('org_id'), column('name')];
const rows = [1, 2, 3].map((n) => ({ org_id: String(n), name: `Organisation ${n}` }));
let staging: Staging;

beforeEach(async () => {
  staging = await staged();
});

/** One chunk of a source that gives the rows, and says that it has so many. */
async function extracted(said: number): ReturnType<typeof extractChunk> {
  const part = { estimatedRows: 3, sourceFingerprint: '', targetFingerprint: '', classes: {}, reads: {} };
  const plan = planOf(makeKeyPair().publicKey, {
    parts: { organisation: { ...part, columns } },
  });
  const source: Source = {
    role: 'source',
    kind: 'memory',
    ping: never,
    close: () => Promise.resolve(),
    describe: async ([object = '']) => [
      { object, columns, uniqueKeys: [['org_id']], estimatedRows: 3, fingerprint: '' },
    ],
    planChunks: never,
    readChunk: async () => ({
      via: 'rows',
      batches: (async function* () {
        yield rows;
      })(),
    }),
    countChunk: async () => said,
  };
  const deps = { staging: async () => staging, source: async () => source, target: never, gate: never, now: never };
  const chunks = [{ number: 0, from: null, to: null }];
  return extractChunk(
    deps,
    {
      run: staging.run,
      plan: await putPlan(staging, plan),
      entity: 'organisation',
      step: 'extract',
      chunk: 0,
      ledgers: {},
      lease: null,
      chunkPlan: await putChunkPlan(staging, 'organisation', { chunks }),
      prior: null,
      partitions: 1,
      crosswalks: {},
    },
    { signal: new AbortController().signal, beat: () => {} },
  );
}

test('a chunk is accepted when it holds as many rows as the source says that it has', async () => {
  const { manifest } = await extracted(3);
  const accepted = await readManifest(staging, { entity: 'organisation', step: 'extract', chunk: 0, digest: manifest });
  expect(accepted.counts).toEqual({ organisation: { extracted: 3 } });
});

test.each([2, 4])('a chunk of three rows of which the source says that they are %i is read again', async (said) => {
  await expect(extracted(said)).rejects.toMatchObject({
    code: 'extract.row-count',
    kind: 'transient',
    where: { entity: 'organisation', chunk: 0 },
  });
});
