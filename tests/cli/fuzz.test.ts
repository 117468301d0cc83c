import { expect, test } from 'vitest';
import { orderOf, selfProblems } from '../../activities/blueprint-problems.ts';
import crm from '../../blueprints/crm/blueprint.ts';
import { checkConfig, peopleOf } from '../../cli/config.ts';
import { connectors } from '../../connectors/registry.ts';
import { Blueprint } from '../../model/blueprint.ts';
import { LandfallError } from '../../model/errors.ts';
import { seeded } from '../../sandbox/legacy-crm/random.ts';
import { queuesOf } from '../../worker/worker.ts';
import { miswired, mutated } from './mutations.ts';

const Mutants = 500;
const lookups = { country: [{ alias: 'ch', iso2: 'CH' }] };

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

/** Neither a trace nor a value that nobody could read, and both what is wrong and what to do. */
function isClear(what: string, hint: string): boolean {
  const said = `${what} ${hint}`;
  const raw = /\n\s+at |\[object Object\]|undefined is not|Cannot read prop/.test(said);
  return what.length > 10 && hint.length > 5 && said.length < 20_000 && !raw;
}

/** @returns how it went; throws what is neither right nor told as a mistake */
function outcomeOf(work: () => unknown): 'taken' | 'refused' | 'unclear' {
  try {
    work();
    return 'taken';
  } catch (error) {
    if (!(error instanceof LandfallError)) throw error;
    return isClear(error.what, error.hint) ? 'refused' : 'unclear';
  }
}

test('what is mutated is right before', () => {
  expect(checkConfig(whole, 'landfall.config.ts').migrations).toHaveProperty('crm');
  expect(selfProblems(Blueprint.parse(crm), lookups)).toEqual([]);
});

test(`${Mutants} mutated configurations are taken, or say what is wrong with them`, () => {
  const random = seeded(11);
  const outcomes = Array.from({ length: Mutants }, () => {
    const mutant = mutated(whole, random);
    return outcomeOf(() => {
      const config = checkConfig(mutant, 'landfall.config.ts');
      queuesOf(config);
      peopleOf({ config: { ...config, people: {} }, folder: '/nowhere' });
      for (const one of Object.values(config.connections)) {
        connectors.find(({ kind }) => kind === one.kind)?.settings.safeParse(one);
      }
    });
  });
  expect(new Set(outcomes)).toEqual(new Set(['taken', 'refused']));
});

test(`${Mutants} mutated blueprints are taken, or say what is wrong with them`, () => {
  const random = seeded(13);
  const outcomes = Array.from({ length: Mutants }, () => {
    const parsed = Blueprint.safeParse(mutated(crm, random));
    if (!parsed.success) return parsed.error.issues.every((one) => one.message !== '') ? 'refused' : 'unclear';
    const problems = [...selfProblems(parsed.data, lookups), ...orderOf(parsed.data).problems];
    if (problems.length === 0) return 'taken';
    return problems.every((one) => isClear(one.what, one.hint)) ? 'refused' : 'unclear';
  });
  expect(new Set(outcomes)).toEqual(new Set(['taken', 'refused']));
});

test(`${Mutants} miswired blueprints are taken, or say what is wrong with them behind the schema`, () => {
  const random = seeded(17);
  const codes = new Set<string>();
  const unclear: unknown[] = [];
  for (let times = 0; times < Mutants; times += 1) {
    const parsed = Blueprint.safeParse(miswired(crm, random));
    if (!parsed.success) continue;
    for (const one of [...selfProblems(parsed.data, lookups), ...orderOf(parsed.data).problems]) {
      codes.add(one.code);
      if (!isClear(one.what, one.hint)) unclear.push(one);
    }
  }
  expect(unclear).toEqual([]);
  // Most mutants fall to the schema: these are what is looked for behind it.
  const behind = ['control', 'cycle', 'field', 'fuzzy', 'later-blocks', 'lookup', 'reference', 'required', 'twice'];
  expect([...codes]).toEqual(expect.arrayContaining(behind.map((one) => `blueprint.${one}`)));
});
