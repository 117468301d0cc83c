import { afterAll, beforeAll, expect, it } from 'vitest';
import type { FieldKind } from '../../../model/shape.ts';
import { scripted, things, type ScriptedService } from './scripted-service.ts';

let service: ScriptedService;
beforeAll(async () => {
  service = await scripted(() => ({ status: 500, body: '' }));
});
afterAll(() => service.stop());

async function problems(shape: Record<string, FieldKind>, more: Partial<typeof things> = {}) {
  const fields = Object.fromEntries(Object.entries(shape).map(([name, type]) => [name, { type, required: true }]));
  const found = await service.target.checkShape({ ...things, ...more, shape: fields });
  return found.map(({ code, where }) => `${code} ${where['field'] ?? ''}`.trim());
}

it('is content with a shape that fits', async () => {
  expect(
    await problems({ name: { kind: 'text', max: 50 }, amount: { kind: 'decimal', precision: 18, scale: 2 } }),
  ).toEqual([]);
});

it('finds what is too narrow: length, digits before the point, digits after it', async () => {
  expect(await problems({ name: { kind: 'text', max: 51 } })).toEqual(['target.too-narrow name']);
  expect(await problems({ amount: { kind: 'decimal', precision: 19, scale: 2 } })).toEqual([
    'target.too-narrow amount',
  ]);
  expect(await problems({ amount: { kind: 'decimal', precision: 5, scale: 3 } })).toEqual(['target.too-narrow amount']);
  expect(await problems({ amount: { kind: 'decimal', precision: 16, scale: 0 } })).toEqual([]);
});

it('finds types that cannot hold the value, and lookups that are not there', async () => {
  expect(await problems({ name: { kind: 'decimal', precision: 5, scale: 2 }, amount: { kind: 'bigint' } })).toEqual([
    'target.wrong-type name',
    'target.wrong-type amount',
  ]);
  expect(await problems({ name: { kind: 'reference', collections: ['things'] } })).toEqual([
    'target.missing-reference name',
  ]);
});

it('finds that rows cannot be upserted on a property that is no key', async () => {
  expect(await problems({}, { legacyKey: 'name' })).toEqual(['target.not-a-key name']);
  expect(await problems({}, { legacyKey: 'name', write: 'create' })).toEqual([]);
});
