/** Needs the built package: `npm test` builds it. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const script = fileURLToPath(new URL('../../support/closed-doors.mjs', import.meta.url))

async function loaded(...args: string[]): Promise<string[]> {
  return JSON.parse((await promisify(execFile)(process.execPath, [script, ...args])).stdout)
}

test('as long as the doors are closed, nothing of HTTP is loaded', { timeout: 30_000 }, async () => {
  expect(await loaded()).toEqual([])
  expect(await loaded('http')).toContain('NativeModule http')
})
