import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { LandfallError } from '../../model/errors.ts';
import { pickDeed, type Changed, type Desk } from './deeds.ts';
import { application } from './index.ts';
import { seeded } from './random.ts';

export interface WorkOptions {
  /** The legacy CRM's database; user and password are replaced by the application's. */
  url: string;
  seed: number;
  /** Transactions begun in a second at most, by all people together; what was missed is not made up for. */
  perSecond: number;
  /** Each with a connection; 2 unless told otherwise. */
  people?: number;
  /** Transactions after which work ends by itself, refused ones too. */
  turns?: number;
}

/** Rows and transactions so far. */
export interface WorkDone extends Changed {
  committed: number;
  /** Transactions that the CRM refused because it is read only; people go on trying. */
  refused: number;
  /** Transactions that gave way to another's. */
  conflicts: number;
}

export interface Work {
  done(): WorkDone;
  /** When all turns are taken or work was stopped; rejects with what broke it off, `sandbox.legacy-crm-work`. */
  ended: Promise<WorkDone>;
  /** Lets transactions that have begun finish, and ends the connections. */
  stop(): Promise<WorkDone>;
}

const readOnly = '25006';
/** Serialisation failure, deadlock, unique violation: somebody else was faster. */
const conflicts: readonly string[] = ['40001', '40P01', '23505'];

function brokenOff(error: unknown): LandfallError {
  const { code, message } = error as pg.DatabaseError;
  return new LandfallError({
    code: 'sandbox.legacy-crm-work',
    kind: 'permanent',
    what: `Work in the legacy CRM broke off${code === undefined ? '' : ` (${code})`}: ${message}.`,
    where: { connection: application.user },
    hint: 'See that the database is up and was made by createLegacyCrm.',
    cause: error,
  });
}

/** The greatest numbers given out so far. */
async function highest(client: pg.Client): Promise<Record<'activity' | 'invoice', number>> {
  const { rows } = await client.query<{ activity: string; invoice: string }>(
    `SELECT (SELECT coalesce(max(activity_id), 0) FROM crm.activity) AS activity,
      (SELECT coalesce(max(split_part(invoice_no, '-', 3)::bigint), 0) FROM crm.invoice) AS invoice`,
  );
  return { activity: Number(rows[0]?.activity), invoice: Number(rows[0]?.invoice) };
}

/**
 * People at work in the legacy CRM, as its application: they log, correct, issue, amend, withdraw and drop, each in a
 * transaction. Every transaction keeps the sum of contributory units, and for each invoice the difference of its total
 * from its lines: a reader who sees either changed has read across transactions. What was planted stays as it was
 * counted. The same seed with one person gives the same work on the same data.
 *
 * @throws LandfallError `sandbox.legacy-crm-work` when the database cannot be used
 */
export async function startWork(options: WorkOptions): Promise<Work> {
  const { perSecond, people = 2, turns = Number.POSITIVE_INFINITY } = options;
  if (!(perSecond > 0) || !(people >= 1)) {
    throw brokenOff(new RangeError('the rate and the number of people must be above zero'));
  }
  const at = new URL(options.url);
  Object.assign(at, { username: application.user, password: application.password });
  /** What ended a connection over which nobody was asking: whoever asks next hears only that it is gone. */
  const broken = new Map<pg.Client, Error>();
  const clients = Array.from({ length: people }, () => {
    const client = new pg.Client({ connectionString: at.href, application_name: 'legacy crm desk' });
    // Without a listener, a connection that breaks would end the process. The first error says why it did.
    client.on('error', (error) => void (broken.has(client) || broken.set(client, error)));
    return client;
  });
  const leave = async (): Promise<void> => void (await Promise.allSettled(clients.map((client) => client.end())));

  let base: Record<'activity' | 'invoice', number>;
  try {
    await Promise.all(clients.map((client) => client.connect()));
    base = await highest(clients[0] as pg.Client);
  } catch (error) {
    await leave();
    throw brokenOff(error);
  }

  const done: WorkDone = { committed: 0, refused: 0, conflicts: 0, inserted: 0, updated: 0, deleted: 0 };
  const over = new AbortController();
  let taken = 0;
  let free = performance.now();
  /** Waits for the next turn that nobody has taken; false when there is none. */
  const turn = async (): Promise<boolean> => {
    if (taken >= turns) return false;
    taken += 1;
    const mine = Math.max(free, performance.now());
    free = mine + 1000 / perSecond;
    await sleep(Math.max(0, mine - performance.now()), undefined, { signal: over.signal }).catch(() => {});
    return !over.signal.aborted;
  };

  const work = async (client: pg.Client, person: number): Promise<void> => {
    const given = { activity: 0, invoice: 0 };
    const desk: Desk = {
      client,
      random: seeded(options.seed * 101 + person),
      number: (of) => base[of] + 1 + person + people * given[of]++,
    };
    while (await turn()) {
      try {
        await client.query('BEGIN');
        const changed = await pickDeed(desk.random)(desk);
        await client.query('COMMIT');
        done.committed += 1;
        done.inserted += changed.inserted;
        done.updated += changed.updated;
        done.deleted += changed.deleted;
      } catch (error) {
        const code = (error as pg.DatabaseError).code ?? '';
        if (code === readOnly) done.refused += 1;
        else if (conflicts.includes(code)) done.conflicts += 1;
        else throw error;
        await client.query('ROLLBACK');
      }
    }
  };

  const ended = Promise.all(
    clients.map((client, person) =>
      work(client, person).catch((error: unknown) => {
        over.abort();
        throw brokenOff(broken.get(client) ?? error);
      }),
    ),
  )
    .finally(leave)
    .then(() => ({ ...done }));
  // Whoever stops the work hears of it; until then it is nobody's unhandled rejection.
  ended.catch(() => {});
  return {
    done: () => ({ ...done }),
    ended,
    stop() {
      over.abort();
      return ended;
    },
  };
}
