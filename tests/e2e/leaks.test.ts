import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { decide, stageComment, withClient } from '../../cli/runs.ts';
import type { DecisionAction } from '../../activities/contract.ts';
import type { RunStatus } from '../../model/run.ts';
import { reader } from '../../sandbox/legacy-crm/index.ts';
import { makeLanding, varied, type Landing } from './landing.ts';
import { leaksIn, saidByPending, saidByTemporal, type Said } from './leak-scan.ts';
import { startStrangeProxy, type Strange, type StrangeProxy } from './strange-proxy.ts';

/** What nobody else may get to see: of each kind one that stands out. */
const personal = {
  family: 'Zyxwonia-Quetzalfamily',
  email: 'zyx.quetzalmail@secretmail.example',
  phone: '+41 79 737 19 28',
  person: 'deadbeef-cafe-4bad-8bad-0a1b2c3d4e5f',
  organisation: 'Quetzal Holdings & Söhne (planted)',
  website: 'https://quetzalsite.example/?who=zyx',
  invoice: 'INV-QUETZAL-4711',
  line: 'Legal advice in the quetzal affair',
  subject: 'Call about the quetzal inheritance',
  body: 'She said «the quetzal must not fly».',
  file: 'dossier quetzalfile.pdf',
  title: 'Medical note on quetzalitis',
};
const comment = 'The quetzal owner told me in confidence.';
const wrongPassword = 'quetzal-wrong-password-77';
const wrongSecret = 'quetzal-wrong-secret-88';

let landing: Landing;
let proxy: StrangeProxy;
let worker: ChildProcess;
const watching = new AbortController();
let watched: Promise<void>;
let planted: string[];
const said: Said[] = [];
const failures: Record<string, RunStatus['failure']> = {};

const path = (name: string): string => join(landing.loaded.folder, name);

function startWorkerProcess(): ChildProcess {
  const child = spawn(process.execPath, ['cli/main.ts', '-c', landing.configFile, 'worker'], {
    env: { ...process.env, NO_COLOR: '1', TEMPORAL_DEBUG: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream]?.on('data', (text: Buffer) => said.push({ where: `worker ${stream}`, text: text.toString() }));
  return child;
}

async function stop(): Promise<void> {
  const gone = once(worker, 'exit');
  worker.kill('SIGTERM');
  await gone;
}

const say = (
  run: string,
  action: DecisionAction,
  of: { decision: string; about?: string; key?: string; comment?: string },
): Promise<unknown> => {
  const { decision, about = null, key = 'emil.key', comment: staged } = of;
  const person = action === 'sign-off' ? 'olga' : 'emil';
  return withClient(landing.loaded, (client) =>
    decide(client, { run, person, key: path(key), action, decision, about, comment: staged }),
  );
};

/** Until the run has ended or waits for its signature; rejects hold it up no longer than it takes to decide. */
async function settled(run: string): Promise<RunStatus> {
  for (;;) {
    const now = await landing.status(run);
    if (now.waiting?.on === 'sign-off' || now.phase === 'done' || now.phase === 'aborted') return now;
    if (now.waiting?.on === 'quality-gate') await say(run, 'quality-gate', { decision: 'load' }).catch(() => {});
    await sleep(100);
  }
}

async function plant(): Promise<void> {
  const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  const of = (one: keyof typeof personal): string => quoted(personal[one]);
  const [server] = await landing.legacy<{ hba_file: string }>('SHOW hba_file');
  const hba = server?.hba_file ?? '';
  await landing.legacy(`
    UPDATE crm.organisation SET name = ${of('organisation')}, website = ${of('website')}, country = 'Switzerland'
      WHERE org_id = (SELECT min(org_id) FROM crm.organisation);
    UPDATE crm.contact SET contact_id = ${of('person')}, last_name = ${of('family')}, email = ${of('email')},
      phone = ${of('phone')}, org_id = (SELECT min(org_id) FROM crm.organisation)
      WHERE contact_id = (SELECT min(contact_id::text)::uuid FROM crm.contact);
    UPDATE crm.invoice_line SET invoice_no = ${of('invoice')}, description = ${of('line')}
      WHERE invoice_no = (SELECT min(invoice_no) FROM crm.invoice);
    UPDATE crm.invoice SET invoice_no = ${of('invoice')} WHERE invoice_no = (SELECT min(invoice_no) FROM crm.invoice);
    UPDATE crm.activity SET subject = ${of('subject')}, body = ${of('body')}
      WHERE activity_id = (SELECT min(activity_id) FROM crm.activity);
    UPDATE crm.note SET file_name = ${of('file')}, title = ${of('title')}
      WHERE note_id = (SELECT min(note_id) FROM crm.note WHERE content IS NOT NULL);
    COPY (VALUES ('local all all trust'), ('host all ${reader.user} all scram-sha-256'), ('host all all all trust'))
      TO ${quoted(hba)};
    SELECT pg_reload_conf();
    CREATE FUNCTION crm.spill(what text) RETURNS boolean LANGUAGE plpgsql AS $$
      BEGIN
        IF what = ${of('subject')} THEN RAISE EXCEPTION 'duplicate key: Key (subject)=(%) already exists.', what; END IF;
        RETURN true;
      END $$;
    CREATE POLICY spill ON crm.activity USING (crm.spill(subject));`);
}

beforeAll(async () => {
  landing = await makeLanding({
    temporal: inject('temporalAddress'),
    size: 300,
    options: { chunkRows: 60, retryTries: 4 },
  });
  await plant();
  proxy = await startStrangeProxy(landing.cloud.url);
  const text = JSON.stringify(landing.loaded.config).replaceAll(new URL(landing.cloud.url).origin, proxy.origin);
  Object.assign(landing.loaded.config, JSON.parse(text));
  await writeFile(landing.configFile, `export default ${JSON.stringify(landing.loaded.config)};\n`);
  const pem = async (name: string): Promise<string> => (await readFile(path(name), 'utf8')).split('\n')[1] ?? '';
  planted = [
    ...Object.values(personal),
    comment,
    wrongPassword,
    wrongSecret,
    reader.password,
    landing.cloud.clientSecret,
    (await readFile(path('master.key'), 'utf8')).trim(),
    await pem('olga.key'),
    await pem('emil.key'),
  ];
  worker = startWorkerProcess();
  watched = withClient(landing.loaded, async (client) => {
    while (!watching.signal.aborted) {
      said.push(...(await saidByPending(client, landing.loaded.config.temporal.taskQueue)));
      await sleep(200);
    }
  });
});

afterAll(async () => {
  watching.abort();
  await watched;
  await stop();
  await proxy.stop();
  await landing.close();
});

/** A run that starts while everything is well, and then meets something that is not. */
async function broken(name: string, before: () => Promise<unknown>, after: () => Promise<unknown>): Promise<void> {
  const run = await landing.start({ mode: 'rehearsal' });
  await before();
  await landing.until(run, (now) => now.phase !== 'assess').catch(() => {});
  failures[name] = (await settled(run)).failure;
  await after();
}

/** The same with the worker down until it is broken: so that it finds nothing open. */
async function brokenFromTheStart(name: string, file: string, text: string): Promise<void> {
  const right = await readFile(path(file), 'utf8');
  await stop();
  const run = await landing.start({ mode: 'rehearsal' });
  await writeFile(path(file), text);
  worker = startWorkerProcess();
  failures[name] = (await settled(run)).failure;
  await stop();
  await writeFile(path(file), right);
  worker = startWorkerProcess();
}

/** Files of a run's staging, changed in one byte. */
async function alter(run: string, kind: RegExp): Promise<number> {
  const all = await readdir(path('staging'), { recursive: true, withFileTypes: true });
  const files = all
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))
    .filter((file) => file.includes(run) && kind.test(file));
  for (const file of files) {
    const bytes = await readFile(file);
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = (bytes[middle] ?? 0) ^ 0xff;
    await chmod(file, 0o600);
    await writeFile(file, bytes);
  }
  return files.length;
}

const letItSay = (status: number, headers: Record<string, string> = {}): Strange => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify({
    error: { code: '0x1', message: `${personal.family} <${personal.email}> ${personal.person}` },
  }),
});
const unparsable: Strange = {
  status: 200,
  headers: { 'content-type': 'multipart/mixed; boundary=none' },
  body: `<html>${personal.organisation} ${personal.website}</html>`,
};

describe('no value of a row and no secret', () => {
  test('is said while everything goes wrong that can', { timeout: 280_000 }, async () => {
    let unread = 40;
    const rowSecurity = (on: boolean) => () =>
      landing.legacy(`ALTER TABLE crm.activity ${on ? 'ENABLE' : 'DISABLE'} ROW LEVEL SECURITY`);
    await broken('statement', rowSecurity(true), rowSecurity(false));
    await brokenFromTheStart('password', 'reader.password', wrongPassword);
    await brokenFromTheStart('secret', 'cloud.secret', wrongSecret);

    const { crm } = landing.loaded.config.migrations;
    if (!crm) throw new Error('no migration');
    const { blueprint } = crm;
    // What is made of a group cannot be tried row by row: one that fails stops its chunk.
    const cast = `max(CAST(CAST(last_name AS INTEGER) AS VARCHAR))`;
    const few = ['organisation', 'contact'];
    crm.blueprint = await varied(
      landing.loaded.folder,
      `entity.name !== 'contact' ? entity : { ...entity, fields: { ...entity.fields, lastname: { ...entity.fields.lastname, sql: { kind: 'sql', parts: [${JSON.stringify(cast)}] } } } }`,
      few,
    );
    await broken(
      'conversion',
      async () => {},
      async () => {},
    );
    crm.blueprint = await varied(join(landing.loaded.folder, 'few'), 'entity', few);

    const many = Array.from({ length: 8 }, () => letItSay(400));
    await broken(
      'refusal',
      async () => proxy.next(many),
      async () => proxy.next([]),
    );
    await broken(
      'unparsable',
      async () => proxy.next(Array.from({ length: 40 }, () => unparsable)),
      async () => {
        unread = proxy.left();
        proxy.next([]);
      },
    );

    // And one that gets through all the same, with all that there is.
    crm.blueprint = blueprint;
    proxy.next([letItSay(429, { 'retry-after': '1' }), letItSay(503), letItSay(500), letItSay(401)]);
    const tooLong = 'A validation error occurred. The length of the';
    proxy.rewrite(
      (asked) => asked.replaceAll('Call about the quetzal', 'Call about the quetzal '.repeat(60)),
      (answered) => answered.replaceAll(tooLong, personal.subject.padEnd(tooLong.length)),
    );
    // No live run starts beside the one above, which waits for its signature.
    const run = await landing.start({ mode: 'rehearsal' });
    await landing.until(run, (now) => now.phase === 'extract');
    await landing.legacy(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${reader.user}'`);
    const { report } = await settled(run);
    expect(proxy.left()).toBe(0);
    const about = report?.digest ?? '';
    const others = say(run, 'sign-off', { decision: 'signed', about, key: 'emil.key' });
    await expect(others).rejects.toThrow('Workflow Update failed');
    const another = say(run, 'sign-off', { decision: 'signed', about: 'a'.repeat(64), key: 'olga.key' });
    await expect(another).rejects.toThrow('Workflow Update failed');
    const staged = await stageComment(landing.loaded, run, comment);
    expect(await alter(run, /transform|ready/)).toBeGreaterThan(0);
    await say(run, 'replay', { decision: 'replay', comment: staged });
    await landing.until(run, (now) => now.replays[0]?.outcome !== 'asked').catch(() => {});
    failures['altered'] = (await settled(run)).failure;

    // Each of them went wrong as it was meant to; answers that cannot be read are looked up, so that one went well.
    const codes = Object.entries(failures).map(([name, failure]) => [name, failure?.code ?? null]);
    expect(Object.fromEntries(codes)).toEqual({
      statement: 'source.failed',
      password: 'source.password',
      secret: 'target.credentials',
      conversion: 'duckdb.failed',
      refusal: 'target.bad-request',
      unparsable: null,
      altered: 'staging.altered',
    });
    expect(unread).toBeLessThan(40);
  });

  test('is found in what Temporal holds or in what the worker wrote', async () => {
    const { taskQueue } = landing.loaded.config.temporal;
    const all = await withClient(landing.loaded, (client) => saidByTemporal(client, taskQueue));
    expect(all.length).toBeGreaterThan(10_000);
    expect(proxy.tokens.length).toBeGreaterThan(0);
    // The scan sees what is there: the failures' codes, and the people who decided.
    const text = [...all, ...said].map((one) => one.text);
    for (const there of ['emil', 'crm-']) expect(text.some((one) => one.includes(there))).toBe(true);
    expect(said.some((one) => one.where === 'worker stdout')).toBe(true);
    expect(leaksIn([...all, ...said], [...planted, ...proxy.tokens])).toEqual([]);
  });
});
