import { readdirSync, readFileSync } from 'node:fs';
import { Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, test } from 'vitest';
import { workflowBundle } from '../../worker/bundle.ts';
import { otherBuild } from './other-build.ts';
import { logFrom } from '../../worker/worker.ts';

const folder = new URL('histories/', import.meta.url);
const histories = readdirSync(folder).filter((file) => file.endsWith('.json'));
let bundle: { codePath: string };

const read = (file: string): string => readFileSync(new URL(file, folder), 'utf8');
/** Runs of today's code over a recorded history. */
const replay = (history: unknown): Promise<void> => Worker.runReplayHistory({ workflowBundle: bundle }, history);

beforeAll(async () => {
  logFrom('ERROR');
  bundle = await workflowBundle();
});

describe('runs recorded from released code go on under the code of today', () => {
  test.each(histories)('%s', async (file) => {
    await expect(replay(JSON.parse(read(file)))).resolves.toBeUndefined();
  });

  test('and a history that today’s code would not have made is noticed', async () => {
    const recorded = histories.map(read).find((text) => text.includes('"sealTransform"')) ?? '{}';
    const changed = recorded.replaceAll('"sealTransform"', '"sealAll"');
    await expect(replay(JSON.parse(changed))).rejects.toThrow('Nondeterminism');
  });
});

describe('a release that asks something more of the server', () => {
  const under = async (how: 'patched' | 'heedless'): Promise<Map<string, boolean>> => {
    const build = await otherBuild(how);
    try {
      const changed = await workflowBundle(build.root);
      const replayed = new Map<string, boolean>();
      for (const file of histories.filter((name) => name.startsWith('migration'))) {
        const going = Worker.runReplayHistory({ workflowBundle: changed }, JSON.parse(read(file)));
        replayed.set(
          file,
          await going.then(
            () => true,
            (error: unknown) => !String(error).includes('Nondeterminism'),
          ),
        );
      }
      return replayed;
    } finally {
      await build.close();
    }
  };

  test('and tells old runs from new ones, takes the old ones over', async () => {
    expect([...(await under('patched')).values()]).not.toContain(false);
  });

  test('and does not, is caught by every recorded run that is past that place', async () => {
    const replayed = await under('heedless');
    expect([...replayed.values()]).toContain(false);
  });
});

describe('a recorded history', () => {
  test.each(histories)('%s holds no value of a row and no key', (file) => {
    const text = read(file);
    // Payloads are base64: look inside them too.
    const inside = [...text.matchAll(/"data":"([A-Za-z0-9+/=]+)"/g)].map((match) =>
      Buffer.from(match[1] ?? '', 'base64').toString('utf8'),
    );
    for (const planted of [
      'ORG-10',
      'CON-',
      'ACT-5',
      'INV-20',
      '@example',
      'Müller',
      'Dubois',
      'sandbox-secret',
      'reader_sandbox',
    ]) {
      expect
        .soft(
          inside.filter((one) => one.includes(planted)),
          planted,
        )
        .toEqual([]);
    }
  });
});
