/** What connections cost, that do nothing, and that come and go. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { describeQuinn } from '../../support/quinn.js'

describeQuinn('a thousand connections', () => {
  test('cost 48 KiB each at most, and leave nothing when they come and go', () => {
    const script = fileURLToPath(new URL('../../support/crowd.mjs', import.meta.url))
    const line = execFileSync(process.execPath, ['--expose-gc', script], { encoding: 'utf8' })
    console.log(line.trim())
    const { eachKiB, growth } = JSON.parse(line)
    expect(eachKiB).toBeLessThan(48)
    expect(growth).toBeLessThan(1.1)
  }, 120_000)
})
