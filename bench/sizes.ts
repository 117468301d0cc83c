import { parseArgs } from 'node:util';
import { z } from 'zod';

const rows = (): z.ZodInt => z.int().min(1);
const several = (): z.ZodArray<z.ZodInt> => z.array(rows()).min(1);

/**
 * How much each measure works on. `--rows` sets the first; all can be set by their names in kebab case, several numbers
 * with commas between them.
 */
export const Sizes = z.strictObject({
  /** Of the ledger that is extracted and compared. */
  rows: rows().default(5_000_000),
  /** That are loaded into the service of declared capacity. */
  loadRows: rows().default(20_000),
  /** Of the runs that are held against the same steps called directly. */
  overheadRows: several().default([20_000, 200_000]),
  /** Of the run whose worker is killed. */
  resumeRows: rows().default(20_000),
  /** At which memory is measured: few, and many. */
  memoryRows: rows().default(1_000_000),
  memoryRowsMany: rows().default(10_000_000),
  /** Of the ledger that moves from one PostgreSQL into another, beside other programs. */
  endToEndRows: rows().default(5_000_000),
  /** Of the ledgers by which growth is measured. */
  growthRows: several().default([1_000_000, 3_000_000, 10_000_000, 30_000_000]),
  /** How many entities of few rows. */
  growthEntities: several().default([1, 10, 50, 100, 200, 400]),
  /** How many workers, at a target of fixed latency, and the rows that they load there. */
  growthWorkers: several().default([1, 2, 3]),
  growthWorkersRows: rows().default(60_000),
  /** Timed rounds of each side, after one that is not. */
  rounds: z.int().min(1).default(3),
});
export type Sizes = z.infer<typeof Sizes>;

/** Minutes instead of hours: to see that a measure works, and roughly what it finds. */
const quick: Partial<Sizes> = {
  rows: 200_000,
  loadRows: 4_000,
  overheadRows: [4_000],
  resumeRows: 4_000,
  memoryRows: 100_000,
  memoryRowsMany: 500_000,
  endToEndRows: 100_000,
  growthRows: [30_000, 100_000, 300_000],
  growthEntities: [1, 5, 20],
  growthWorkersRows: 6_000,
  rounds: 1,
};

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

const listed = (text: string): string[] => text.split(',').filter((one) => one !== '');

/** @throws ZodError, or TypeError for an option that there is none of */
export function asked(args: readonly string[], out: string): Asked {
  const names = Object.keys(Sizes.shape);
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      only: { type: 'string', default: '' },
      peers: { type: 'string' },
      quick: { type: 'boolean', default: false },
      out: { type: 'string', default: out },
      ...Object.fromEntries(names.map((name) => [kebab(name), { type: 'string' as const }])),
    },
  });
  const given = Object.fromEntries(
    names.flatMap((name) => {
      const value: unknown = Reflect.get(values, kebab(name));
      if (typeof value !== 'string') return [];
      const shape = Sizes.shape[name as keyof Sizes];
      return [[name, shape.def.innerType instanceof z.ZodArray ? listed(value).map(Number) : Number(value)]];
    }),
  );
  return {
    sizes: Sizes.parse({ ...(values.quick ? quick : {}), ...given }),
    only: [...positionals, ...listed(values.only)],
    peers: values.peers === undefined ? null : listed(values.peers),
    out: values.out,
  };
}
