import type { Finding, State } from './doctor/finding.js'
import { Exit } from './exit-codes.js'
import type { Output } from './output.js'

const MARKS: Readonly<Record<State, string>> = { well: 'ok', odd: 'odd', ill: 'ILL', skipped: '-' }
const NAME_WIDTH = 17

/** One finding for people. */
export function show({ check, state, found, cure }: Finding, output: Output): void {
  output.say(`${MARKS[state].padEnd(4)} ${check.padEnd(NAME_WIDTH)} ${found}`)
  if (cure !== undefined) output.say(`     ${' '.repeat(NAME_WIDTH)} → ${cure}`)
}

/** All of them, and what they come to. @returns the exit code */
export function tell(findings: readonly Finding[], output: Output): number {
  for (const finding of findings) show(finding, output)
  return conclude(findings, output)
}

/** What findings that were shown come to. @returns the exit code */
export function conclude(findings: readonly Finding[], output: Output): number {
  output.json({ findings })
  const count = findings.filter(({ state }) => state === 'ill').length
  output.say(count === 0 ? '\nnothing is in the way' : `\n${count} to mend`)
  return count === 0 ? Exit.done : Exit.notWell
}
