import { distance } from 'fastest-levenshtein';
import { z } from 'zod';
import type { DuckJob } from './duckdb/job.ts';
import { parseExpressions, type SqlNode } from './sql-tree.ts';

const CatalogueRow = z.object({
  name: z.string(),
  kind: z.string(),
  stability: z.string().nullable(),
  body: z.string().nullable(),
  own: z.boolean(),
});
export type CatalogueRow = z.infer<typeof CatalogueRow>;

/** DuckDB's functions and Landfall's macros, as an instance knows them. */
export interface Catalogue {
  names: string[];
  /** The overloads of a function; none when there is no such function. */
  of(name: string): readonly CatalogueRow[];
  /** The expression that a macro of DuckDB stands for. */
  bodyOf(row: CatalogueRow): Promise<SqlNode | undefined>;
}

export async function readCatalogue(job: DuckJob): Promise<Catalogue> {
  const rows = await job.all(
    `SELECT DISTINCT function_name AS name, function_type AS kind, stability, macro_definition AS body, NOT internal AS own
     FROM duckdb_functions() WHERE function_type <> 'pragma'`,
    CatalogueRow,
  );
  const byName = new Map<string, CatalogueRow[]>();
  for (const row of rows) byName.set(folded(row.name), [...(byName.get(folded(row.name)) ?? []), row]);
  const bodies = new Map<string, SqlNode | undefined>();
  return {
    names: [...byName.keys()],
    of: (name) => byName.get(folded(name)) ?? [],
    async bodyOf({ kind, body, own }) {
      if (kind !== 'macro' || own || body === null) return undefined;
      if (!bodies.has(body)) {
        const [parsed] = await parseExpressions(job, [body]);
        bodies.set(body, parsed && 'tree' in parsed ? parsed.tree : undefined);
      }
      return bodies.get(body);
    },
  };
}

/** Names as DuckDB compares them: without regard to the case of ASCII letters. */
export function folded(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** The names that are close enough to be meant, best first. */
export function nearest(name: string, names: readonly string[]): string[] {
  return names
    .map((one) => ({ one, away: distance(folded(name), folded(one)) }))
    .filter(
      ({ one, away }) => away <= (Math.min(name.length, one.length) < 4 ? 1 : Math.max(2, Math.floor(one.length / 3))),
    )
    .sort((a, b) => a.away - b.away || (a.one < b.one ? -1 : 1))
    .slice(0, 3)
    .map(({ one }) => one);
}
