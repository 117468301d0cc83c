import { loadConfig } from '../config.ts';
import { rowsText } from '../figures.ts';
import type { Shared } from '../options.ts';
import { writeOutput } from '../output.ts';
import { say, sayJson } from '../print.ts';
import { rejectsCsv } from '../rejects.ts';
import { heldRows } from '../runs.ts';

export async function rejects(
  shared: Shared,
  run: string,
  options: { output: string; reveal?: boolean },
): Promise<void> {
  const held = await heldRows(await loadConfig(shared.config), run, { reveal: options.reveal ?? false });
  if (shared.json) sayJson(held);
  else {
    const file = await writeOutput(options.output, rejectsCsv(held), { mode: 0o600 });
    say(`${rowsText(held.length)} ${held.length === 1 ? 'row' : 'rows'} held back, in ${file}`);
  }
}
