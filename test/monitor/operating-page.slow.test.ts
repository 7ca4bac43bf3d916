/** The programs of docs/operating.md: type-checked against the package as its users get it, and the miner run. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { compilePage } from '../support/doc-programs.js'

test('the miner listens, and its monitor says that it is ready', { timeout: 60_000 }, async () => {
  const { folder, files, faults } = compilePage('docs/operating.md')
  expect([files, faults]).toEqual([['operating/miner.ts', 'operating/traced.ts'], []])
  const env = { ...process.env, MINER_SEED: `0x${'01'.repeat(32)}`, MONITOR: '0' }
  const child = spawn(process.execPath, [join(folder, 'operating/miner.js')], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
    const url = line.replace('look at ', '')
    expect(await (await fetch(`${url}readyz`)).text()).toBe('ready\n')
    expect(await (await fetch(url)).text()).toContain('<title>Levin</title>')
  } finally {
    child.kill()
    await once(child, 'exit')
  }
})
