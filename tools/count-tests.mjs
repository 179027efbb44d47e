// Prints `PASSED FAILED SKIPPED` of a report by Vitest's JSON reporter. A file that could not be
// loaded, or an error outside of all tests, counts as one that failed.
import { readFileSync } from 'node:fs';

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const count = { passed: 0, failed: 0, skipped: 0 };
for (const { status, assertionResults } of report.testResults) {
  const failedBefore = count.failed;
  for (const test of assertionResults) {
    count[test.status === 'passed' || test.status === 'failed' ? test.status : 'skipped']++;
  }
  if (status === 'failed' && count.failed === failedBefore) count.failed++;
}
if (!report.success && count.failed === 0) count.failed++;
console.log(`${count.passed} ${count.failed} ${count.skipped}`);
