import { spawn } from 'node:child_process';
import { makeLanding } from '/work/main/tests/e2e/landing.ts';
import { provideTemporal } from '/work/main/sandbox/temporal.ts';
import { searchAttributes } from '/work/main/workflows/search-attributes.ts';
const t = await provideTemporal({ log() {}, own: true, searchAttributes });
const l = await makeLanding({ temporal: t.address, size: 300, options: { chunkRows: 60 } });
for (const f of ['cli/main.ts', 'dist/cli/main.js']) {
  const run = await l.start({ mode: 'rehearsal' });
  const s = Date.now();
  const w = spawn(process.execPath, [f, '-c', l.configFile, 'worker'], { stdio: 'inherit', cwd: '/work/main' });
  await l.until(run, (o) => o.phase !== 'assess' || (o.mode === 'rehearsal' && o.entities.length > 0));
  console.log(f, Date.now() - s);
  await l.until(run, (o) => o.phase === 'sign-off');
  console.log(f, 'to sign-off', Date.now() - s);
  w.kill('SIGKILL');
}
await l.close();
await t.stop();
process.exit();
