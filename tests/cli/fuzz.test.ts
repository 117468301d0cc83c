import { expect, test } from 'vitest';
import { orderOf, selfProblems } from '../../activities/blueprint-problems.ts';
import crm from '../../blueprints/crm/blueprint.ts';
import { checkConfig, peopleOf } from '../../cli/config.ts';
import { connectors } from '../../connectors/registry.ts';
import { Blueprint } from '../../model/blueprint.ts';
import { LandfallError } from '../../model/errors.ts';
import { seeded } from '../../sandbox/legacy-crm/random.ts';
import { queuesOf } from '../../worker/worker.ts';
import { mutated } from './mutations.ts';

const Mutants = 500;

/** Everything that a configuration may say, once. */
const whole = {
  staging: { folder: 'staging', masterKey: { file: 'master.key' }, scratch: '/tmp/scratch' },
  temporal: { address: '127.0.0.1:7233', namespace: 'default', taskQueue: 'landfall', ui: 'http://127.0.0.1:8233' },
  worker: { memoryMiB: 512, rowSlots: 2, shutdownGraceMs: 10_000 },
  connections: {
    legacyCrm: {
      kind: 'postgres',
      host: 'db.example.org',
      port: 5432,
      database: 'crm',
      user: 'reader',
      password: { env: 'CRM_PASSWORD' },
      freeze: { set: 'SELECT set_read_only($1)', probe: 'SELECT refused()' },
    },
    cloudCrm: {
      kind: 'odata-v4',
      url: 'https://crm.example.org/api/data/v9.2',
      auth: {
        kind: 'oauth2',
        tokenUrl: 'https://login.example.org/token',
        clientId: 'landfall',
        clientSecret: { env: 'CLOUD_SECRET' },
      },
      timeouts: { requestMs: 20_000 },
      settlingMs: 20_000,
    },
  },
  people: {
    olga: { name: 'Olga Owner', roles: ['owner'], publicKey: '-----BEGIN PUBLIC KEY-----' },
    emil: { name: 'Emil Engineer', roles: ['engineer'], publicKey: { file: 'emil.pub' } },
  },
  migrations: {
    crm: {
      blueprint: 'blueprint.ts',
      source: 'legacyCrm',
      target: 'cloudCrm',
      owners: ['olga'],
      engineers: ['emil'],
      options: { chunkRows: 10_000, targetConcurrency: 4 },
    },
  },
};

/** @returns what was said of a mistake; null when there was none; throws what is neither */
function clear(work: () => unknown): string | null {
  try {
    work();
    return null;
  } catch (error) {
    if (!(error instanceof LandfallError)) throw error;
    const said = `${error.what} ${error.hint}`;
    expect(error.what.length).toBeGreaterThan(10);
    expect(error.hint.length).toBeGreaterThan(5);
    // Neither a trace nor a value that nobody could read.
    expect(said).not.toMatch(/\n\s+at |\[object Object\]|undefined is not|Cannot read prop/);
    expect(said.length).toBeLessThan(20_000);
    return said;
  }
}

test('what is mutated is right before', () => {
  expect(checkConfig(whole, 'landfall.config.ts').migrations).toHaveProperty('crm');
  expect(Blueprint.safeParse(crm).success).toBe(true);
});

test(`${Mutants} mutated configurations are taken, or say what is wrong with them`, () => {
  const random = seeded(11);
  let refused = 0;
  for (let nth = 0; nth < Mutants; nth += 1) {
    const mutant = mutated(whole, random);
    const said = clear(() => {
      const config = checkConfig(mutant, 'landfall.config.ts');
      queuesOf(config);
      peopleOf({ config: { ...config, people: {} }, folder: '/nowhere' });
      for (const one of Object.values(config.connections)) {
        connectors.find(({ kind }) => kind === one.kind)?.settings.safeParse(one);
      }
    });
    if (said !== null) refused += 1;
  }
  expect(refused).toBeGreaterThan(Mutants / 2);
  expect(refused).toBeLessThan(Mutants);
});

test(`${Mutants} mutated blueprints are taken, or say what is wrong with them`, { timeout: 60_000 }, () => {
  const random = seeded(13);
  let refused = 0;
  for (let nth = 0; nth < Mutants; nth += 1) {
    const parsed = Blueprint.safeParse(mutated(crm, random));
    if (!parsed.success) {
      expect(parsed.error.issues[0]?.message).toBeTruthy();
      refused += 1;
      continue;
    }
    const problems = [...selfProblems(parsed.data, {}), ...orderOf(parsed.data).problems];
    for (const one of problems) expect(one.what.length * one.hint.length).toBeGreaterThan(50);
    if (problems.length > 0) refused += 1;
  }
  expect(refused).toBeGreaterThan(Mutants / 2);
});
