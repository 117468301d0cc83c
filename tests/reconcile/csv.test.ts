import { describe, expect, test } from 'vitest';
import { csvLines, csvOf, differencesCsv, rejectsCsv } from '../../reconcile/csv.ts';
import { aPart, aReport } from './a-report.ts';

describe('CSV for spreadsheets', () => {
  test.each(['=1+1', '+41 22', '-5', '@cmd', '\t=1', '\r=1'])('keeps %j from being taken for a formula', (text) => {
    const [, cell = ''] = csvOf(['value'], [[text]]).split('\r\n');
    expect(cell.replace(/^"/, '')).toMatch(/^'/);
  });

  test('quotes what RFC 4180 wants quoted, and ends lines with CRLF', () => {
    expect(csvOf(['a', 'b'], [['x,"y"\nz', 'ü']])).toBe('a,b\r\n"x,""y""\nz",ü\r\n');
  });

  test('keeps no value apart from an empty text, and space at the ends', () => {
    expect(csvOf(['a', 'b', 'c'], [[null, '', ' x ']])).toBe('a,b,c\r\n,""," x "\r\n');
  });

  test('begins with a byte-order mark where it is asked for', () => {
    expect(csvOf(['a'], [], { bom: true })).toBe('\uFEFFa\r\n');
    expect(csvOf(['a'], [])).toBe('a\r\n');
  });

  test('comes in pieces that make the same text', async () => {
    const pieces: string[] = [];
    for await (const piece of csvLines(['a'], [[[1]], [], [[2], [3]]], { bom: true })) pieces.push(piece);
    expect(pieces.join('')).toBe(csvOf(['a'], [[1], [2], [3]], { bom: true }));
  });

  test('lists the differences of a report with what is missing, unexpected and there twice', () => {
    const part = aPart({
      differences: [{ id: 3, key: 'O-1', field: 'name', meant: '=HYPERLINK("x")', found: null }],
      missingKeys: ['O-2'],
      unexpectedKeys: ['O-3'],
      duplicateKeys: ['O-4'],
    });
    expect(differencesCsv(aReport({ parts: [part] })).split('\r\n')).toEqual([
      'entity,part,finding,id,key,field,meant,found',
      `organisation,organisation,differs,3,O-1,name,"'=HYPERLINK(""x"")",`,
      'organisation,organisation,missing,,O-2,,,',
      'organisation,organisation,unexpected,,O-3,,,',
      'organisation,organisation,duplicate,,O-4,,,',
      '',
    ]);
  });

  test('lists what was held back and left behind, with its reason', () => {
    expect(rejectsCsv(aReport()).split('\r\n')).toEqual([
      'entity,part,outcome,rule,field,rows,reason',
      'organisation,organisation,rejected,text.too-long,name,30,The text is longer than the target can hold.',
      'organisation,organisation,left behind,test-data,"",7,Made by testers in 2009.',
      '',
    ]);
  });
});
