import type { RequestGate, Source, Target } from '../connectors/port.ts';
import type { RunOptions } from '../model/options.ts';
import type { Staging } from '../staging/index.ts';

/** What steps need from the process they run in. Put together by the worker; made of real parts in tests. */
export interface Dependencies {
  staging(run: string): Promise<Staging>;
  /** Opened once a process and shared. */
  source(connection: string): Promise<Source>;
  target(connection: string): Promise<Target>;
  /** Admission to a target's account, shared by every step of this process. */
  gate(connection: string, options: RunOptions): RequestGate;
  now(): Date;
}

/** How a step shows that it lives, and learns that it should stop. */
export interface Beat {
  readonly signal: AbortSignal;
  /** @param done how far the step is, in whatever it counts */
  beat(done?: number): void;
}
