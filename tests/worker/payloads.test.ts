import { randomBytes } from 'node:crypto';
import type { Payload } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { payloadCodec } from '../../worker/payloads.ts';

const payload = (text: string): Payload => ({
  metadata: { encoding: Buffer.from('json/plain') },
  data: Buffer.from(JSON.stringify(text)),
});
const textOf = ({ data, metadata }: Payload): string =>
  Buffer.concat([...Object.values(metadata ?? {}), Buffer.from(data ?? [])]).toString('latin1');

describe('what enters Temporal encrypted', () => {
  const old = randomBytes(32);
  const codec = payloadCodec([old]);

  test('comes back whole, and shows nothing on the way, not even that two payloads are alike', async () => {
    const plain = [payload('a digest'), payload('a digest'), { metadata: { encoding: Buffer.from('binary/null') } }];
    const sealed = await codec.encode(plain);
    expect(sealed.map(textOf).join('')).not.toMatch(/a digest|json|null/);
    expect(textOf(sealed[0] ?? {})).not.toBe(textOf(sealed[1] ?? {}));
    const opened = await codec.decode(sealed);
    expect(opened.map(textOf)).toEqual(plain.map(textOf));
  });

  test('is read with any of the keys and written with the first, so that keys can be changed', async () => {
    const next = randomBytes(32);
    const both = payloadCodec([next.toString('base64'), old]);
    expect(textOf((await both.decode(await codec.encode([payload('before')])))[0] ?? {})).toContain('before');
    const after = await both.encode([payload('after')]);
    expect(textOf((await payloadCodec([next]).decode(after))[0] ?? {})).toContain('after');
    await expect(codec.decode(after)).rejects.toMatchObject({
      code: 'temporal.payload-key',
      hint: expect.stringContaining('temporal.payloadKeys') as string,
    });
  });

  test('is refused where a bit of it was changed, or it was said to be under another key', async () => {
    const [sealed] = await codec.encode([payload('a digest')]);
    const data = Buffer.from(sealed?.data ?? []);
    data.writeUInt8(data.readUInt8(data.length - 1) ^ 1, data.length - 1);
    await expect(codec.decode([{ ...sealed, data }])).rejects.toMatchObject({ code: 'temporal.payload-key' });
  });

  test('goes on from what was written before there were keys', async () => {
    expect(textOf((await codec.decode([payload('in the open')]))[0] ?? {})).toContain('in the open');
  });

  test('needs keys of 32 bytes', () => {
    expect(() => payloadCodec([randomBytes(16)])).toThrow(
      expect.objectContaining({ where: { setting: 'temporal.payloadKeys' } }),
    );
  });
});
