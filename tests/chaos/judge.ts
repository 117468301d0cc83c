import { essence } from '../e2e/landing.ts';
import { differences } from './contents.ts';
import type { Landed } from './crossing.ts';
import type { Storm } from './storm.ts';

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/**
 * What a storm did that it must not: rows lost, doubled or altered, a report that is not exactly the calm one's, files
 * left behind, a system that people can use beside the new one.
 */
export function wrongs(calm: Landed, storm: Storm, landed: Landed): string[] {
  const found = landed.contents.doubled.map((one) => `${one} is there twice`);
  const say = (wrong: boolean, what: string): void => void (wrong && found.push(what));
  say(landed.struck < 15, `only ${landed.struck} blows were struck`);
  // Also the calm one's: two reports that are wrong alike prove nothing.
  for (const { verdict, reasons } of [calm.report, landed.report]) {
    say(verdict !== 'whole', `a report says ${verdict}: ${reasons.join('; ')}`);
  }
  found.push(...landed.orphans.map((path) => `${path} was left behind`));
  if (storm.writing) {
    // People worked on after the source was read: what was signed is not what is there, and nothing may be switched.
    const { phase, failure } = landed.ended;
    say(phase !== 'aborted', `the run ended ${phase}, although the source had changed`);
    say(
      failure?.code !== 'cut-over.source-changed',
      `it ended with ${failure?.code ?? 'no failure'}: ${failure?.what ?? ''}`,
    );
    say(landed.marked, 'the target is marked live');
    say(!landed.sourceWritable, 'the source still refuses writes');
    return found;
  }
  say(landed.ended.phase !== 'done', `the run ended ${landed.ended.phase}: ${JSON.stringify(landed.ended.failure)}`);
  say(!landed.marked, 'the target is not marked live');
  say(landed.sourceWritable, 'the source takes writes beside the target');
  say(!same(essence(landed.report), essence(calm.report)), 'the report is not the calm one’s');
  found.push(...differences(calm.contents, landed.contents));
  return found;
}
