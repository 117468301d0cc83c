import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { loadConfig } from '../config.ts';
import type { Shared } from '../options.ts';
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
    await writeFile(options.output, rejectsCsv(held), { mode: 0o600 });
    say(`${held.length} rejects in ${resolve(options.output)}`);
  }
}
