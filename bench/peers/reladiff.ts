import { python } from '../python.ts';
import type { ComparisonPeer } from './peer.ts';

const scheme = (url: string): string => url.replace('postgres://', 'postgresql://');

/** Compares checksums of ranges within the databases, and fetches those that differ. */
export const reladiff: ComparisonPeer = {
  name: 'reladiff',
  title: 'reladiff',
  aim: 'at least 2.5 times as fast',
  least: 2.5,
  note: 'Across two databases, as two systems are, so by checksums; two threads a database.',
  async ready() {
    const installed = await python('reladiff', ['reladiff==0.6.0', 'psycopg2-binary==2.9.13']);
    if ('reason' in installed) return installed;
    return {
      command: ({ url, copyUrl, table, key, columns }) =>
        // It wraps its lines, JSON or not, at the width of a terminal.
        [
          '/usr/bin/env',
          'COLUMNS=100000',
          `${installed.bin}/reladiff`,
          scheme(url),
          table,
          scheme(copyUrl),
          table,
          '-k',
          key,
        ].concat(
          columns.flatMap((name) => ['-c', name]),
          ['-j', '2', '--json', '--assume-unique-key'],
        ),
      found(stdout) {
        const sides = new Map<string, Set<string>>();
        for (const line of stdout.split('\n').filter((one) => one.startsWith('['))) {
          const [sign, row] = JSON.parse(line) as [string, [unknown, ...unknown[]]];
          const key = String(row[0]);
          sides.set(key, (sides.get(key) ?? new Set()).add(sign));
        }
        const both = [...sides.values()].filter((signs) => signs.size === 2).length;
        return { changed: both, missing: sides.size - both };
      },
    };
  },
};
