/** The programs of docs/chain.md: type-checked, against the package as its users get it. */
import { expect, test } from 'vitest'
import { compilePage } from './support/doc-programs.js'

test('compiles', { timeout: 60_000 }, () => {
  const { files, faults } = compilePage('docs/chain.md')
  expect([files, faults]).toEqual([['subnet.ts', 'fake-chain.ts'], []])
})
