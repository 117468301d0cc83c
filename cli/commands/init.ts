import { relative } from 'node:path';
import { bold, dim, say, sayJson } from '../print.ts';
import type { Shared } from '../options.ts';
import type { InitFlags } from '../init/answers.ts';
import { terminalAsker } from '../init/asker.ts';
import { init as makeProject, type Made } from '../init/init.ts';

function sayMade(made: Made): void {
  const { entities, waiting, controls } = made.proposal;
  const where = relative(process.cwd(), made.folder) || '.';
  const left = waiting.length === 0 ? '' : `, ${waiting.length} more to place`;
  say(`${bold(made.proposal.name)}: ${entities.length} entities, ${controls.length} controls${left}, in ${where}`);
  say();
  const next: Made['next'] = where === '.' ? made.next : [[`cd ${where}`, ''], ...made.next];
  const width = Math.min(40, Math.max(...next.map(([command]) => command.length)));
  for (const [command, why] of next) say(`  ${command.padEnd(width)}  ${dim(why)}`.trimEnd());
  say();
  say('`landfall check` lists what is left to decide; README.md has these commands too.');
}

export async function init(shared: Shared, folder: string, flags: InitFlags): Promise<void> {
  const json = shared.json ?? false;
  const asker = terminalAsker({ json });
  try {
    const made = await makeProject(folder, flags, asker, json ? () => {} : (line) => say(dim(line)));
    if (json) sayJson({ folder: made.folder, files: made.files, next: made.next.map(([command]) => command) });
    else sayMade(made);
  } finally {
    asker?.close();
  }
}
