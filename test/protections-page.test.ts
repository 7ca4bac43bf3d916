/** The program of docs/protections.md: type-checked, and it makes the rules that the text names. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { compilePage } from './support/doc-programs.js'

test('compiles and makes the rules', { timeout: 60_000 }, async () => {
  const { folder, files, faults } = compilePage('docs/protections.md')
  expect([files, faults]).toEqual([['access.ts'], []])
  const { access } = await import(pathToFileURL(join(folder, 'access.js')).href)
  expect(access.name).toBe(
    'all(denylist(0 hotkeys), any(allowlist(0 hotkeys), all(validatorPermit(), minStake(1000))))',
  )
})
