import { mkdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { runProcess, type Ran } from './process.ts';

/** Somebody who does the work as a process of its own. */
export interface Contestant {
  name: string;
  /** What has to be there or gone before a round begins, in nobody's time. */
  prepare?(): Promise<void>;
  /** @param folder empty, for what it writes; gone afterwards */
  command(folder: string): string[];
  /** @throws when what it did is not what was asked: a wrong answer has no time */
  check(ran: Ran): void | Promise<void>;
  /** How the command is run, where its process is not all of the work. */
  run?(command: readonly string[], round: number): Promise<Ran>;
}

/** How somebody fared. */
export interface Outcome {
  /** The best timed round; null when a round failed. */
  seconds: number | null;
  rounds: number[];
  /** Of processors, in the round that took the least of them: what a busy machine blurs less. */
  cpuSeconds: number | null;
  /** The highest of all rounds. */
  peakMiB: number | null;
  command: string;
  failure: string | null;
  /** What the best round printed. */
  said: string;
}

const Shown = 400;

/** Text without what only this machine has: where the checkout, the user's folder, Node and the folder of work lie. */
export function anywhere(text: string, folder: string): string {
  const places = [
    [folder, 'FOLDER'],
    [process.execPath, 'node'],
    [process.cwd(), '.'],
    [homedir(), '~'],
  ] as const;
  return places.reduce((all, [place, name]) => all.replaceAll(place, name), text);
}

/** A command as somebody would type it, wherever they are. */
export function typed(command: readonly string[], folder: string): string {
  const quoted = command.map((one) => (/^[\w@%+=:,./-]+$/.test(one) ? one : `'${one.replaceAll("'", `'\\''`)}'`));
  const text = anywhere(quoted.join(' ').replaceAll(/\s+/g, ' '), folder);
  return text.length > Shown ? `${text.slice(0, Shown)} …` : text;
}

/**
 * Lets all do the work in turn, round after round, so that whatever else the machine does hits them alike. The first
 * round warms up and is not counted. Who fails is not asked again.
 */
export async function compete(
  contestants: readonly Contestant[],
  of: { rounds: number; folder: string; log: (line: string) => void },
): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  for (const { name } of contestants) {
    outcomes.set(name, {
      seconds: null,
      rounds: [],
      cpuSeconds: null,
      peakMiB: null,
      command: '',
      failure: null,
      said: '',
    });
  }
  for (let round = 0; round <= of.rounds; round += 1) {
    for (const one of contestants) {
      const outcome = outcomes.get(one.name);
      if (!outcome || outcome.failure !== null) continue;
      const folder = join(of.folder, `${one.name.replaceAll(/\W+/g, '-')}-${round}`);
      await mkdir(folder, { recursive: true });
      try {
        await one.prepare?.();
        const command = one.command(folder);
        outcome.command = typed(command, folder);
        const ran = await (one.run ? one.run(command, round) : runProcess(command));
        await one.check(ran);
        outcome.peakMiB = Math.max(outcome.peakMiB ?? 0, ran.peakMiB ?? 0) || null;
        of.log(`  ${one.name}, ${round === 0 ? 'warm-up' : `round ${round}`}: ${ran.seconds.toFixed(2)} s`);
        if (round === 0) continue;
        outcome.rounds.push(ran.seconds);
        if (ran.cpuSeconds !== null) outcome.cpuSeconds = Math.min(outcome.cpuSeconds ?? Infinity, ran.cpuSeconds);
        if (outcome.seconds !== null && ran.seconds >= outcome.seconds) continue;
        outcome.seconds = ran.seconds;
        outcome.said = ran.stdout;
      } catch (error) {
        outcome.failure = anywhere(error instanceof Error ? error.message : String(error), folder);
        outcome.seconds = null;
        of.log(`  ${one.name} failed: ${outcome.failure}`);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    }
  }
  return outcomes;
}
