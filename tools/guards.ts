import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';

/*
 * Takes away each guard that tests/guards.json lists, one at a time and in a copy of the tree, and expects the test that
 * watches over it to fail: `npm run guards`, or `npm run guards -- --only settling` for those with a word in their name.
 */

const Guard = z.strictObject({
  /** What is guarded, in a sentence. */
  guard: z.string(),
  /** The invariant of the architecture that it serves. */
  invariant: z.int().min(1).max(8),
  file: z.string(),
  /** Text that is there exactly once, and what stands there instead. */
  find: z.string(),
  replace: z.string(),
  test: z.string(),
  /** The name of the test that must fail. */
  fails: z.string(),
});
type Guard = z.infer<typeof Guard>;

/** What vitest's JSON reporter says of each test. */
const Results = z.object({
  testResults: z.array(z.object({ assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })) })),
});

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });
const guards = z
  .array(Guard)
  .parse(JSON.parse(readFileSync(join(root, 'tests/guards.json'), 'utf8')))
  .filter((one) => one.guard.includes(values.only));

const copy = mkdtempSync(join(tmpdir(), 'landfall-guards-'));
const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
for (const file of listed.stdout.toString().split('\0').filter(Boolean)) {
  mkdirSync(dirname(join(copy, file)), { recursive: true });
  cpSync(join(root, file), join(copy, file));
}
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));

/** @returns null when the test that must fail did, else what happened instead */
function tried(guard: Guard): string | null {
  const path = join(copy, guard.file);
  const whole = readFileSync(path, 'utf8');
  if (whole.split(guard.find).length !== 2) return `${guard.file} does not hold the text exactly once`;
  // A function, so that `$` in the text is not taken for a pattern.
  writeFileSync(
    path,
    whole.replace(guard.find, () => guard.replace),
  );
  const results = join(copy, 'results.json');
  rmSync(results, { force: true });
  try {
    const command = [join('node_modules', 'vitest', 'vitest.mjs'), 'run', guard.test, '--reporter=json'];
    // What it prints is nobody's: past a mebibyte of it the test would be killed.
    const quietly = { cwd: copy, timeout: 300_000, stdio: 'ignore' } as const;
    spawnSync(process.execPath, [...command, `--outputFile=${results}`], quietly);
    const { testResults } = Results.parse(JSON.parse(readFileSync(results, 'utf8')));
    const tests = testResults.flatMap((one) => one.assertionResults);
    const failed = tests.filter((one) => one.status === 'failed').map((one) => one.fullName);
    if (failed.some((name) => name.includes(guard.fails))) return null;
    return failed.length === 0 ? `${tests.length} tests ran, none failed` : `another failed: ${failed.join('; ')}`;
  } catch (error) {
    return `the test did not run: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    writeFileSync(path, whole);
  }
}

let missing = 0;
for (const guard of guards) {
  const wrong = tried(guard);
  if (wrong !== null) missing += 1;
  console.log(
    `${wrong === null ? 'held ' : 'UNGUARDED'} ${guard.invariant} ${guard.guard}${wrong === null ? '' : `: ${wrong}`}`,
  );
}
rmSync(copy, { recursive: true, force: true });
console.log(`${guards.length} guards, ${missing} that no test watches over`);
process.exitCode = missing > 0 || guards.length === 0 ? 1 : 0;
