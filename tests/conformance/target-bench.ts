import type {
  ActualRow,
  RowOutcome,
  Target,
  TargetCall,
  TargetCollection,
  TargetDocument,
  TargetReference,
} from '../../connectors/port.ts';
import type { Fields, TargetHarness } from './target-harness.ts';

/** Defines a test, unless a waiver says that it must fail. */
export type Define = (title: string, body: () => Promise<void>) => void;

/** What went through the gate. */
export interface Counted {
  entered: number;
  /** Turns that were not given back. */
  inside: number;
  reports: { ok: number; throttled: number; failed: number };
}

export function row(
  collection: TargetCollection,
  legacyKey: string,
  fields: Fields,
  references: TargetReference[] = [],
): TargetDocument {
  return { collection, row: { legacyKey, body: JSON.stringify(fields), references } };
}

/** A running system with what tests do to it again and again. */
export class Bench {
  readonly counted: Counted = { entered: 0, inside: 0, reports: { ok: 0, throttled: 0, failed: 0 } };
  readonly call: TargetCall;
  #running: { harness: TargetHarness; target: Target } | null = null;
  #serial = 0;

  constructor() {
    const { counted } = this;
    this.call = {
      gate: {
        enter() {
          counted.entered += 1;
          counted.inside += 1;
          let left = false;
          return Promise.resolve(() => {
            if (left) throw new Error('a turn was given back twice');
            left = true;
            counted.inside -= 1;
          });
        },
        report: (result) => void (counted.reports[result] += 1),
      },
    };
  }

  async start(start: () => Promise<TargetHarness>): Promise<void> {
    const harness = await start();
    this.#running = { harness, target: await harness.open() };
  }

  async stop(): Promise<void> {
    await this.#running?.target.close();
    await this.#running?.harness.stop();
  }

  get harness(): TargetHarness {
    if (!this.#running) throw new Error('the system is not running');
    return this.#running.harness;
  }

  get target(): Target {
    if (!this.#running) throw new Error('the system is not running');
    return this.#running.target;
  }

  /** A key that no other test uses. */
  readonly key = (tail = ''): string => `k${(this.#serial += 1)}${tail}`;

  readonly write = (...documents: TargetDocument[]): Promise<RowOutcome[]> =>
    this.target.writeBatch(documents, 'write', this.call);

  readonly one = async (document: TargetDocument): Promise<RowOutcome> => {
    const [outcome] = await this.write(document);
    if (!outcome) throw new Error('the row has no outcome');
    return outcome;
  };

  /** Writes a row that must arrive, and gives its key in the target. */
  readonly landed = async (document: TargetDocument): Promise<string> => {
    const outcome = await this.one(document);
    if (!('targetKey' in outcome)) throw new Error(`the row was not written: ${JSON.stringify(outcome)}`);
    return outcome.targetKey;
  };

  readonly everything = async (collection: TargetCollection): Promise<ActualRow[]> => {
    const rows: ActualRow[] = [];
    let next: string | null = null;
    do {
      const page = await this.target.readBack(collection, next, this.call);
      rows.push(...page.rows);
      next = page.next;
    } while (next !== null);
    return rows;
  };

  readonly read = async (collection: TargetCollection, legacyKey: string): Promise<ActualRow | undefined> =>
    (await this.everything(collection)).find((found) => found.legacyKey === legacyKey);

  readonly copies = async (collection: TargetCollection, legacyKey: string): Promise<number> =>
    (await this.everything(collection)).filter((found) => found.legacyKey === legacyKey).length;

  readonly byKey = (outcomes: readonly RowOutcome[]): Record<string, string> =>
    Object.fromEntries(outcomes.map((outcome) => [outcome.legacyKey, outcome.outcome]));
}
