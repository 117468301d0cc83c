import { expect, test } from 'vitest';
import { LandfallError } from '../../model/errors.ts';
import { queuesOf } from '../../worker/worker.ts';
import { bareConfig } from './bare-config.ts';

const config = {
  ...bareConfig('127.0.0.1:9', 'landfall'),
  migrations: {
    crm: { blueprint: 'crm.ts', source: 'legacy', target: 'cloud', owners: ['olga'], engineers: ['emil'] },
    erp: { blueprint: 'erp.ts', source: 'ledger', target: 'cloud', owners: ['olga'], engineers: ['emil'] },
  },
};

test('a worker serves the core and both sides of every migration, each once', () => {
  expect(queuesOf(config)).toEqual(['core', 'source/legacy', 'target/cloud', 'source/ledger']);
});

test('a worker serves what it is told to, and no connection that is not there', () => {
  expect(queuesOf(config, ['source/ledger', 'source/ledger'])).toEqual(['source/ledger']);
  expect(() => queuesOf(config, ['source/cloud'])).toThrow(LandfallError);
});
