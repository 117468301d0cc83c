import { z } from 'zod';
import type { DirectPage, Target, TargetCall } from '../connectors/port.ts';
import type { Part } from '../model/blueprint.ts';
import { identifier } from '../model/sql.ts';
import type { DuckJob } from '../staging/duckdb/job.ts';
import type { StagedFile } from '../staging/manifest.ts';
import { throughRead } from './duck-read.ts';
import { insertExactly } from './insert-exactly.ts';
import { targetOf } from './parts.ts';
import { explained } from './same-target.ts';

/** Pages that DuckDB reads by itself at a time: while one is cast and written, the next is on its way. */
const PagesAtATime = 2;

/** What is read back of a target, into which columns. */
export interface ActualOf {
  target: Target;
  part: Part;
  columns: Readonly<Record<string, string>>;
}

const Counted = z.object({ count: z.coerce.number() });

/**
 * A page that DuckDB reads by itself, of as many rows as a chunk has: what a job takes in at once, here as elsewhere. Null
 * where the target does not give these fields so.
 */
async function directPage(
  { target, part, columns }: ActualOf,
  call: TargetCall,
  after: string | null,
  rows: number,
): Promise<DirectPage | null> {
  const { readBackDirect } = target;
  if (readBackDirect === undefined) return null;
  const [, , ...fields] = Object.keys(columns);
  return explained({ target, call }, [part], () => readBackDirect(targetOf(part), fields, after, rows, call));
}

/** Has DuckDB read a page into the table `actual`. @returns its rows */
export async function readDirect(
  job: DuckJob,
  { target, part, columns }: ActualOf,
  call: TargetCall,
  page: DirectPage,
): Promise<number> {
  await insertExactly(job, part, columns, async (texts) => {
    const names = Object.keys(texts).map(identifier).join(', ');
    await explained({ target, call }, [part], () =>
      page.request(() =>
        throughRead(job, page.read, async (select) => {
          // Another try reads the page from its beginning.
          await job.run('DELETE FROM page');
          await job.run(`INSERT INTO page SELECT ${names} FROM (${select})`);
        }),
      ),
    );
  });
  return (await job.one('SELECT count(*) AS count FROM page', Counted)).count;
}

/** What was made of a page. */
export interface PageFile {
  files: StagedFile[];
  rows: number;
}

/**
 * Pages that DuckDB reads by itself, in their order, each with its files; none where the target does not give these fields
 * so. Whoever takes no more of them waits until nothing is under way.
 *
 * @param fileOf makes the files of the page of a number
 */
export async function* pagesAhead(
  of: ActualOf,
  within: TargetCall & { signal: AbortSignal },
  from: { after: string | null; number: number; rows: number },
  fileOf: (page: DirectPage, number: number, call: TargetCall & { signal: AbortSignal }) => Promise<PageFile>,
): AsyncGenerator<DirectPage & PageFile> {
  const stopping = new AbortController();
  const call = { ...within, signal: AbortSignal.any([within.signal, stopping.signal]) };
  const ahead: { page: DirectPage; file: Promise<PageFile> }[] = [];
  let { after, number } = from;
  let more = true;
  try {
    while (more || ahead.length > 0) {
      while (more && ahead.length < PagesAtATime) {
        const page = await directPage(of, call, after, from.rows);
        if (page === null) return;
        const file = fileOf(page, number, call);
        // It may fail before anybody waits for it: then whoever waits for it is told.
        file.catch(() => {});
        ahead.push({ page, file });
        number += 1;
        after = page.next;
        more = after !== null;
      }
      const [first] = ahead;
      if (!first) return;
      const made = await first.file;
      ahead.shift();
      yield { ...first.page, ...made };
    }
  } finally {
    stopping.abort(new Error('the pages before it are all that is wanted'));
    await Promise.allSettled(ahead.map(({ file }) => file));
  }
}
