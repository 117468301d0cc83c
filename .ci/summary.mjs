// Prints `N passed, N failed` from vitest's JSON report; ends with 1 when a test failed or none ran.
import { readFileSync } from 'node:fs';

let report = { numPassedTests: 0, numFailedTests: 0, testResults: [] };
try {
  report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
} catch (error) {
  console.log(`There is no report of the tests: ${error.message}`);
}
// A file that could not be loaded counts as one failure: its tests are in no other figure.
const unloaded = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
const failed = report.numFailedTests + unloaded.length;
console.log(`${report.numPassedTests} passed, ${failed} failed`);
process.exit(failed > 0 || report.numPassedTests === 0 ? 1 : 0);
