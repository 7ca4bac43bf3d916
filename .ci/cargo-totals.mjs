// Reads what `cargo test` printed, and prints `PASSED FAILED`: the sums of its `test result:` lines. A test that was
// ignored is a failed one, and so is a run that ended badly without one.
import { readFileSync } from 'node:fs'

const [file, exitCode] = process.argv.slice(2)
const lines = readFileSync(file, 'utf8').matchAll(
  /^test result: .* (\d+) passed; (\d+) failed; (\d+) ignored;/gm,
)
let passed = 0
let failed = 0
for (const [, good, bad, ignored] of lines) {
  passed += Number(good)
  failed += Number(bad) + Number(ignored)
}
if (failed === 0 && (exitCode !== '0' || passed === 0)) failed = 1
console.log(passed, failed)
