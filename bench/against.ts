import { finding, type Finding } from './finding.ts';
import type { Outcome } from './contest.ts';

/** Whom ours is held against, and how good it shall be by them. */
export interface Against {
  peerName: string;
  aim: string | null;
  /** The least ratio that meets the aim. */
  least: number | null;
}

/** A line of the results: ours by a peer's time; a peer that could not be asked is there all the same, with the reason. */
export function versus(
  measure: string,
  ours: Outcome,
  peer: Outcome | { reason: string },
  against: Against,
  note: string,
): Finding {
  const other = 'reason' in peer ? null : peer;
  const failure = 'reason' in peer ? peer.reason : peer.failure;
  const ratio = ours.seconds === null || !other?.seconds ? null : other.seconds / ours.seconds;
  const reasons = [
    ours.failure === null ? '' : `Ours failed: ${ours.failure}`,
    failure === null ? '' : `${against.peerName}: ${failure}`,
  ];
  return finding({
    measure,
    unit: 's',
    ours: rounded(ours.seconds),
    peer: rounded(other?.seconds ?? null),
    peerName: against.peerName,
    ratio: rounded(ratio),
    aim: against.aim,
    met: ratio === null || against.least === null ? null : ratio >= against.least,
    peakRssMiB: { ours: ours.peakMiB, peer: other?.peakMiB ?? null },
    cpuSeconds: { ours: rounded(ours.cpuSeconds), peer: rounded(other?.cpuSeconds ?? null) },
    command: { ours: ours.command, peer: other?.command ?? null },
    rounds: { ours: ours.rounds.map(hundredths), peer: (other?.rounds ?? []).map(hundredths) },
    note: [note, ...reasons].filter(Boolean).join(' '),
  });
}

export function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}

function rounded(value: number | null): number | null {
  return value === null ? null : hundredths(value);
}
