import { readReport, readReportPage } from '../../activities/reports.ts';
import { loadConfig } from '../config.ts';
import type { Shared } from '../options.ts';
import { writeOutput } from '../output.ts';
import { ExitCode, green, red, say, sayJson } from '../print.ts';
import { reportDigest, withSystem } from '../runs.ts';

export async function report(shared: Shared, run: string, options: { output: string }): Promise<void> {
  const loaded = await loadConfig(shared.config);
  const digest = await reportDigest(loaded, run);
  await withSystem(loaded, async (system) => {
    const staging = await system.staging(run);
    const sealed = await readReport(staging, digest);
    if (shared.json) sayJson({ digest, report: sealed });
    else {
      const file = await writeOutput(options.output, await readReportPage(staging, digest));
      say(`${sealed.verdict === 'whole' ? green(sealed.verdict) : red(sealed.verdict)} ${file}`);
    }
    if (sealed.verdict !== 'whole') process.exitCode = ExitCode.differs;
  });
}
