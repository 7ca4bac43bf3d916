// Reads one vitest JSON report and prints `PASSED FAILED`. What vitest does not count as a failed test is one all the
// same: a file that did not load, a test that was skipped, an error that belongs to no test.
import { readFileSync } from 'node:fs'

/** `elsewhere` names the suite that runs what was skipped here; without it nothing may be skipped. */
const [file, exitCode, elsewhere] = process.argv.slice(2)
const report = JSON.parse(readFileSync(file, 'utf8'))
const skipped = report.numPendingTests + report.numTodoTests
const unloaded = report.testResults.filter(
  ({ status, assertionResults }) =>
    status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
).length
let failed = report.numFailedTests + unloaded
if (elsewhere === undefined) failed += skipped
if (failed === 0 && exitCode !== '0') failed = 1
if (skipped > 0) {
  const where = elsewhere === undefined ? 'here nothing may be' : `${elsewhere} runs them`
  console.error(`${skipped} tests were skipped: ${where}`)
}
console.log(report.numPassedTests, failed)
