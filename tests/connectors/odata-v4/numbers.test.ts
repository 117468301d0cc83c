import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseExactly, plainNumber } from '../../../connectors/odata-v4/numbers.ts';

it('keeps every digit of numbers that come as JSON numbers', () => {
  const row = parseExactly('{"a":9999999999999999.99,"b":12345678901234567890,"c":0.10,"d":1,"e":1.5}') as Record<
    string,
    unknown
  >;
  expect(Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plainNumber(value)]))).toEqual({
    a: '9999999999999999.99',
    b: '12345678901234567890',
    c: '0.10',
    d: '1',
    e: '1.5',
  });
});

it('writes exponents out', () => {
  const cases = {
    '1e3': '1000',
    '1.5E+2': '150',
    '1.234e2': '123.4',
    '-2.50e-3': '-0.00250',
    '.5': '0.5',
    '12e-1': '1.2',
  };
  for (const [text, plain] of Object.entries(cases)) expect(plainNumber(text)).toBe(plain);
});

it('takes nothing for a number that is none', () => {
  for (const value of ['', 'NaN', 'INF', '1,5', '1 000', '--1', null, undefined, {}, true])
    expect(plainNumber(value)).toBeNull();
});

it('means the same number after writing an exponent out', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(10n ** 37n), max: 10n ** 37n }),
      fc.integer({ min: -30, max: 30 }),
      (digits, exponent) => {
        const plain = plainNumber(`${digits}e${exponent}`) ?? '';
        const [whole = '', fraction = ''] = plain.split('.');
        const scaled = BigInt(whole + fraction) * 10n ** BigInt(60 - fraction.length);
        expect(scaled).toBe(digits * 10n ** BigInt(60 + exponent));
      },
    ),
  );
});
