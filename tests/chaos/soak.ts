import { parseArgs } from 'node:util';
import { cross, type Landed } from './crossing.ts';
import { wrongs } from './judge.ts';
import { calmFor, stormOf, type Storm } from './storm.ts';

/**
 * Storm after storm, until so many seeds or minutes are over: `npm run soak -- --seeds 200 --minutes 120`. `--from` is
 * the first seed, `--seed` repeats one and says what struck when. Ends with 1 when a storm did harm, or none was had.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    minutes: { type: 'string', default: '60' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
  },
});
const first = Number(values.seed ?? values.from);
const seeds = values.seed === undefined ? Number(values.seeds) : 1;
const over = Date.now() + Number(values.minutes) * 60_000;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const calms = new Map<string, Landed>();
/** The calm crossing of the same data. */
async function calmOf(storm: Storm): Promise<Landed> {
  const over = `${storm.size} rows, ${storm.large} large attachments`;
  const known = calms.get(over);
  if (known) return known;
  const calm = await cross(calmFor(storm));
  say(`calm, ${over}: ${calm.report.verdict}, ${calm.seconds.toFixed(0)} s`);
  calms.set(over, calm);
  return calm;
}

const failed: number[] = [];
let done = 0;
for (let seed = first; seed < first + seeds && Date.now() < over; seed += 1) {
  const storm = stormOf(seed);
  let found: string[];
  let seconds = 0;
  try {
    const landed = await cross(storm, values.seed === undefined ? {} : { log: say });
    seconds = landed.seconds;
    found = wrongs(await calmOf(storm), storm, landed);
  } catch (error) {
    found = [error instanceof Error ? error.message : String(error)];
  }
  done += 1;
  if (found.length > 0) failed.push(seed);
  const how = found.length === 0 ? 'whole' : `HARM\n  ${found.slice(0, 20).join('\n  ')}`;
  say(
    `seed ${seed} (${storm.workers} workers${storm.writing ? ', people at work' : ''}, ${storm.blows.length} blows): ${how}, ${seconds.toFixed(0)} s`,
  );
}
say(`${done} storms, ${failed.length} did harm${failed.length > 0 ? `: seeds ${failed.join(', ')}` : ''}`);
process.exitCode = failed.length > 0 || done === 0 ? 1 : 0;
