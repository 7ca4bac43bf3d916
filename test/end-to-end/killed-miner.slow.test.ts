/** A miner that is killed without a word, and started again on the same port. `npm test` builds what it runs. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { synapse } from '../../src/index.js'
import { turn } from '../support/frames.js'
import { minerSigner } from '../support/hotkeys.js'
import { newValidator } from '../support/subnet.js'

const WorkOn = synapse('work', {})
const LONGEST_MS = 2_000
const children: ChildProcess[] = []
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

/** Every request that ran, in either process. */
const ran: number[] = []

async function start(port: number, signer = 'seed'): Promise<{ child: ChildProcess; port: number }> {
  const script = fileURLToPath(new URL('../support/killed-miner.mjs', import.meta.url))
  const child = fork(script, [String(port), signer], { execArgv: [] })
  children.push(child)
  child.on('message', (told: { ran?: number }) => told.ran !== undefined && ran.push(told.ran))
  const [told] = (await once(child, 'message')) as [{ port: number }]
  return { child, port: told.port }
}

test('answers again within 2 s of its restart, and nothing runs twice', async () => {
  const validator = newValidator()
  const first = await start(0)
  const axon = { hotkey: minerSigner.hotkey, host: '127.0.0.1', port: first.port }
  let asked = 0
  const answered: number[] = []
  const ask = async () => {
    const n = asked++
    const { data } = await validator.query(axon, WorkOn, { n }, { timeoutMs: 1_000 })
    answered.push(data.n as number)
  }
  for (let i = 0; i < 20; i++) await ask()
  first.child.kill('SIGKILL')
  await once(first.child, 'exit')
  const before = answered.length
  const again = await start(first.port)
  const restarted = performance.now()
  while (answered.length === before) {
    await ask().catch(() => {})
    await turn()
  }
  expect(performance.now() - restarted).toBeLessThan(LONGEST_MS)
  for (let i = 0; i < 20; i++) await ask()
  again.child.kill('SIGKILL')
  await once(again.child, 'close')
  expect(new Set(ran).size).toBe(ran.length)
  expect(ran).toEqual(expect.arrayContaining(answered))
})

test.each(['seed', 'callback'])('tells with a %s signer that it was started again', async (signer) => {
  const validator = newValidator()
  const first = await start(0, signer)
  const connection = await validator.connect({
    hotkey: minerSigner.hotkey,
    host: '127.0.0.1',
    port: first.port,
  })
  await connection.query(WorkOn, { n: -1 })
  first.child.kill('SIGKILL')
  await once(first.child, 'exit')
  const again = await start(first.port, signer)
  // Not TIMED_OUT: a stateless reset is all that ends this connection, and only the old secret makes a good one.
  await expect(connection.query(WorkOn, { n: -2 }, { timeoutMs: 10_000 })).rejects.toMatchObject({
    code: 'CONNECTION_LOST',
  })
  again.child.kill('SIGKILL')
  await once(again.child, 'close')
})
