import { seeded, type Random } from '../../sandbox/legacy-crm/random.ts';
import type { FaultRule } from '../../sandbox/cloud-crm/faults.ts';

/** Something that goes wrong while a run is under way, and how long after the one before, in milliseconds. */
export type Blow = { afterMs: number } & (
  | { kind: 'kill-worker'; worker: number; downMs: number }
  | { kind: 'restart-temporal'; abruptly: boolean; downMs: number }
  | { kind: 'end-source-sessions' }
  | { kind: 'drop'; side: Side; ms: number }
  | { kind: 'stall'; side: Side; ms: number }
  | { kind: 'half-close'; side: Side }
  | { kind: 'cut-upload'; bytes: number }
  | { kind: 'target-fault'; fault: FaultRule }
);
export type Side = 'legacy' | 'cloud';

export interface Storm {
  seed: number;
  workers: number;
  /** About how many rows the legacy CRM has. */
  size: number;
  /** Whether people go on working in the source while it is read. */
  writing: boolean;
  /** Attachments of 50 MB. */
  large: number;
  blows: Blow[];
}

const fault = (random: Random): FaultRule => {
  const { kind, on, amount } = random.pick([
    { kind: 'throttle', on: 'any', amount: 1 },
    { kind: 'unavailable', on: 'any', amount: 1 },
    { kind: 'reset-before-commit', on: 'any', amount: 0 },
    { kind: 'reset-after-commit', on: 'batch', amount: 0 },
    { kind: 'reset-after-commit', on: 'file', amount: 0 },
    // Longer than the request may take: it is given up, and takes effect all the same.
    { kind: 'slow', on: 'batch', amount: 1_800 },
    { kind: 'slow', on: 'any', amount: 300 },
    { kind: 'expire-token', on: 'any', amount: 0 },
    { kind: 'false-success', on: 'batch', amount: 0 },
    { kind: 'duplicate-as-500', on: 'batch', amount: 0 },
  ] as const);
  return { kind, on, amount, probability: 0.5, after: random.int(0, 4), times: random.int(1, 3) };
};

function blow(random: Random, workers: number): Blow {
  const afterMs = random.int(100, 1_200);
  const side = random.pick(['legacy', 'cloud'] as const);
  const at = random.next();
  if (at < 0.22) {
    return { afterMs, kind: 'kill-worker', worker: random.int(0, workers - 1), downMs: random.int(0, 400) };
  }
  if (at < 0.3) {
    return { afterMs, kind: 'restart-temporal', abruptly: random.chance(0.5), downMs: random.int(0, 1_000) };
  }
  if (at < 0.42) return { afterMs, kind: 'end-source-sessions' };
  if (at < 0.54) return { afterMs, kind: 'drop', side, ms: random.int(50, 800) };
  if (at < 0.64) return { afterMs, kind: 'stall', side, ms: random.int(200, 1_500) };
  if (at < 0.72) return { afterMs, kind: 'half-close', side };
  if (at < 0.78) return { afterMs, kind: 'cut-upload', bytes: random.int(1_000, 300_000) };
  return { afterMs, kind: 'target-fault', fault: fault(random) };
}

/** What a storm rages over: mostly a small CRM, so that more storms fit into a night. */
function landOf(seed: number): Pick<Storm, 'size' | 'large'> {
  return { size: seed % 4 === 0 ? 1_200 : 500, large: seed % 10 === 1 ? 1 : 0 };
}

/** What goes wrong in one run: the same seed, the same storm. At least fifteen blows. */
export function stormOf(seed: number): Storm {
  const random = seeded(seed * 7_919 + 1);
  const workers = 1 + (seed % 3);
  const blows = Array.from({ length: random.int(15, 20) }, () => blow(random, workers));
  // Each storm has the blows that matter most, wherever chance left them out.
  blows[random.int(0, 6)] = { afterMs: random.int(100, 1_200), kind: 'kill-worker', worker: 0, downMs: 100 };
  blows[random.int(7, 10)] = { afterMs: random.int(100, 1_200), kind: 'restart-temporal', abruptly: true, downMs: 200 };
  blows[random.int(11, 14)] = {
    afterMs: random.int(100, 1_200),
    kind: 'kill-worker',
    worker: workers - 1,
    downMs: 100,
  };
  return { seed, workers, ...landOf(seed), writing: seed % 5 === 4, blows };
}

/** The crossing that a storm is compared with: over the same data, with nothing going wrong. */
export function calmFor({ size, large }: Pick<Storm, 'size' | 'large'>): Storm {
  return { seed: 0, workers: 1, size, writing: false, large, blows: [] };
}

/** A blow in a few words, for the log of a storm. */
export function inWords(one: Blow): string {
  const { afterMs, kind, ...rest } = one;
  const more = JSON.stringify(rest).replaceAll(/["{}]/g, '').replaceAll(',', ', ');
  return `+${afterMs} ms ${kind}${more === '' ? '' : ` (${more})`}`;
}
