import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { temporalCli } from '../../sandbox/temporal-cli.ts';
import { type ProvidedTemporal, provideTemporal } from '../../sandbox/temporal.ts';

const silent = (): void => {};
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-temporal-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

async function withClient<T>(server: ProvidedTemporal, work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: server.address });
  return work(new Client({ connection, namespace: server.namespace })).finally(() => connection.close());
}

describe('a Temporal server of our own', () => {
  beforeEach(() => vi.stubEnv('TEMPORAL_ADDRESS', ''));

  it('keeps runs and their search attributes over a restart when it has a state file', async () => {
    const options = {
      log: silent,
      dbFile: join(folder, 'state.db'),
      namespace: 'landfall-test',
      searchAttributes: { LandfallRun: 'Keyword' },
    } as const;
    const first = await provideTemporal(options);
    const run = defineSearchAttributeKey('LandfallRun', 'KEYWORD');
    await withClient(first, (client) =>
      client.workflow.start('anything', {
        taskQueue: 'nobody',
        workflowId: 'kept',
        typedSearchAttributes: new TypedSearchAttributes([{ key: run, value: 'r1' }]),
      }),
    );
    await first.stop();

    const second = await provideTemporal(options);
    try {
      const found = await withClient(second, async (client) => client.workflow.getHandle('kept').describe());
      expect(found.typedSearchAttributes.get(run)).toBe('r1');
    } finally {
      await second.stop();
    }
  });

  it('is gone when it was stopped', async () => {
    const server = await provideTemporal({ log: silent });
    expect(server).toMatchObject({ owned: true, uiUrl: null });
    await server.stop();
    expect(() => process.kill(server.pid ?? 0, 0)).toThrow('ESRCH');
  });

  it('ends with the process that asked for it, even with one that is killed', async () => {
    const module = join(import.meta.dirname, '..', '..', 'sandbox', 'temporal.ts');
    const script = `
      const { provideTemporal } = await import(${JSON.stringify(module)});
      console.log((await provideTemporal({ log() {} })).pid);`;
    const asking = spawn(process.execPath, ['--input-type=module', '--eval', script]);
    const [line] = (await once(asking.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    expect(process.kill(pid, 0)).toBe(true);
    asking.kill('SIGKILL');
    await expect.poll(() => existsSync(`/proc/${pid}`)).toBe(false);
  });

  it('says what the server said when it cannot start', async () => {
    const dbFile = join(folder, 'no', 'such', 'folder', 'state.db');
    await expect(provideTemporal({ log: silent, dbFile })).rejects.toMatchObject({
      code: 'sandbox.temporal-start',
      what: expect.stringContaining('no such file or directory'),
    });
  });
});

describe('a Temporal server that was given', () => {
  let server: ProvidedTemporal;
  beforeAll(async () => {
    vi.stubEnv('TEMPORAL_ADDRESS', '');
    server = await provideTemporal({ log: silent });
    vi.unstubAllEnvs();
  });
  afterAll(() => server.stop());

  it('is used as it is, gets the missing search attributes, and is left running', async () => {
    vi.stubEnv('TEMPORAL_ADDRESS', server.address);
    const given = await provideTemporal({ log: silent, searchAttributes: { LandfallPhase: 'Keyword' } });
    await given.stop();
    expect(given).toMatchObject({ address: server.address, owned: false, pid: null });
    const known = await withClient(server, (client) =>
      client.connection.operatorService.listSearchAttributes({ namespace: 'default' }),
    );
    expect(known.customAttributes).toHaveProperty('LandfallPhase');
  });

  it('is named in the error when it does not answer', async () => {
    vi.stubEnv('TEMPORAL_ADDRESS', '127.0.0.1:1');
    await expect(provideTemporal({ log: silent })).rejects.toMatchObject({
      code: 'sandbox.temporal-unreachable',
      where: { connection: '127.0.0.1:1' },
      hint: expect.stringContaining('unset TEMPORAL_ADDRESS'),
    });
  });
});

describe('the temporal command', () => {
  /** A PATH that holds only these scripts, an empty cache, and no way to the internet. */
  async function alone(scripts: Record<string, string>): Promise<void> {
    const bin = join(folder, 'bin');
    await mkdir(bin);
    for (const [name, body] of Object.entries(scripts)) {
      await writeFile(join(bin, name), `#!/bin/sh\n${body}\n`);
      await chmod(join(bin, name), 0o755);
    }
    vi.stubEnv('PATH', bin);
    vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
    vi.stubEnv('HTTPS_PROXY', 'http://127.0.0.1:1');
  }

  it('is taken from the PATH when it is there', async () => {
    await alone({ temporal: 'exit 0' });
    await expect(temporalCli(silent)).resolves.toBe(join(folder, 'bin', 'temporal'));
  });

  it('is built once, however many ask for it at the same time', async () => {
    const count = join(folder, 'count');
    await alone({ go: `echo "$@" >>${count}; /bin/sleep 0.5; echo built >"$GOBIN/temporal"` });
    const lines: string[] = [];
    const files = await Promise.all([1, 2, 3].map(() => temporalCli((line) => lines.push(line))));
    expect(new Set(files).size).toBe(1);
    expect(await readFile(String(files[0]), 'utf8')).toBe('built\n');
    expect(await readFile(count, 'utf8')).toBe('install github.com/temporalio/cli/cmd/temporal@v1.5.1\n');
    expect(lines).toContainEqual(expect.stringContaining('Another process is installing'));
    expect(await readdir(dirname(String(files[0])))).toEqual(['temporal']);
  });

  it('is built although a process that died left its lock and half of a build behind', async () => {
    await alone({ go: 'echo built >"$GOBIN/temporal"' });
    const cache = join(folder, 'cache', 'landfall', 'temporal', 'v1.5.1');
    await mkdir(join(cache, 'install-half'), { recursive: true });
    await writeFile(join(cache, 'temporal.lock'), '99999999');
    await expect(temporalCli(silent)).resolves.toBe(join(cache, 'temporal'));
    expect(await readdir(cache)).toEqual(['temporal']);
  });

  it('names every remedy, and what each attempt said, when it is nowhere', async () => {
    await alone({ go: 'echo no module proxy >&2; exit 1' });
    await expect(temporalCli(silent)).rejects.toMatchObject({
      code: 'sandbox.temporal-missing',
      what: expect.stringMatching(/download: .*go install: no module proxy/s),
      hint: expect.stringMatching(/TEMPORAL_ADDRESS.*PATH.*temporal\.download.*Go/),
    });
  });
});
