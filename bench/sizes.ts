import { parseArgs } from 'node:util';
import { z } from 'zod';

const rows = (): z.ZodInt => z.int().min(1);

/** How much each measure works on. `--rows` sets the first; all can be set by their names in kebab case. */
export const Sizes = z.strictObject({
  /** Of the ledger that is extracted and compared. */
  rows: rows().default(5_000_000),
  /** That are loaded into the service of declared capacity. */
  loadRows: rows().default(20_000),
  /** Of the run that is held against the same steps called directly. */
  overheadRows: rows().default(20_000),
  /** Of the run whose worker is killed. */
  resumeRows: rows().default(20_000),
  /** At which memory is measured: few, and many. */
  memoryRows: rows().default(1_000_000),
  memoryRowsMany: rows().default(10_000_000),
  /** Timed rounds of each side, after one that is not. */
  rounds: z.int().min(1).default(3),
});
export type Sizes = z.infer<typeof Sizes>;

export interface Asked {
  sizes: Sizes;
  /** Names of measures; empty: all. */
  only: string[];
  /** Names of peers; null: all. */
  peers: string[] | null;
  /** Where the results go. */
  out: string;
}

const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** @throws ZodError, or TypeError for an option that there is none of */
export function asked(args: readonly string[], out: string): Asked {
  const names = Object.keys(Sizes.shape);
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: '' },
      peers: { type: 'string' },
      out: { type: 'string', default: out },
      ...Object.fromEntries(names.map((name) => [kebab(name), { type: 'string' as const }])),
    },
  });
  const given = Object.fromEntries(
    names.flatMap((name) => {
      const value: unknown = Reflect.get(values, kebab(name));
      return typeof value === 'string' ? [[name, Number(value)]] : [];
    }),
  );
  const listed = (text: string): string[] => text.split(',').filter((one) => one !== '');
  return {
    sizes: Sizes.parse(given),
    only: listed(values.only),
    peers: values.peers === undefined ? null : listed(values.peers),
    out: values.out,
  };
}
