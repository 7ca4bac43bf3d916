/** A miner under levin-supervisor, which hangs and dies. `npm test` builds what runs. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { synapse, type Validator } from '../../src/index.js'
import { turn } from '../support/frames.js'
import { minerSigner } from '../support/hotkeys.js'
import { newValidator } from '../support/subnet.js'

const Pid = synapse('pid', {})
const path = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url))
const SUPERVISOR = path('dist/supervisor/main.js')
const MINER = path('test/support/supervised-miner.mjs')

const supervisors: ChildProcessWithoutNullStreams[] = []
afterAll(() => {
  for (const child of supervisors) child.kill('SIGKILL') // what they run ends with them
})

class Supervised {
  readonly child: ChildProcessWithoutNullStreams
  readonly ended: Promise<unknown[]>
  stderr = ''
  readonly #lines: AsyncIterator<string>

  constructor(...args: string[]) {
    this.child = spawn(process.execPath, [SUPERVISOR, ...args])
    supervisors.push(this.child)
    this.ended = once(this.child, 'close')
    this.#lines = createInterface(this.child.stdout)[Symbol.asyncIterator]()
    this.child.stderr.on('data', (text) => {
      this.stderr += text
    })
  }

  /** The next line on standard output. */
  async line(): Promise<string> {
    return (await this.#lines.next()).value
  }
}

/** Binds a UDP port and gives it back. @param port 0 for any that is free @throws when it is taken */
async function bound(port: number): Promise<number> {
  const socket = createSocket('udp4').bind(port, '127.0.0.1')
  await once(socket, 'listening')
  const bound = socket.address().port
  await new Promise<void>((resolve) => socket.close(() => resolve()))
  return bound
}

/** Asks until somebody answers. @returns the number of the process that did */
async function answering(validator: Validator, port: number): Promise<number> {
  const axon = { hotkey: minerSigner.hotkey, host: '127.0.0.1', port }
  for (;;) {
    try {
      return (await validator.query(axon, Pid, {}, { timeoutMs: 500 })).data.pid as number
    } catch {
      await wait(20) // as often as this there may be somebody
    }
  }
}

test.each([
  ['hang', 'SIGKILL', "in the handler of 'hang'"],
  ['hangLater', 'SIGKILL', 'stood still'],
  ['abort', 'SIGABRT', ''],
])('%s: its client is answered again, and the reason is in the log', async (how, signal, reason) => {
  const port = await bound(0)
  const supervised = new Supervised(MINER, String(port))
  expect(await supervised.line()).toBe(`listening ${port}`)
  const validator = newValidator({ reconnect: { firstMs: 100, mostMs: 100, fastTries: 1000 } })
  const before = await answering(validator, port)
  const axon = { hotkey: minerSigner.hotkey, host: '127.0.0.1', port }
  await expect(validator.query(axon, synapse(how, {}), {}, { timeoutMs: 500 })).rejects.toThrow()
  expect(await answering(validator, port)).not.toBe(before)
  expect(supervised.stderr).toContain(`the program ended, and is started again {"signal":"${signal}"`)
  expect(supervised.stderr).toContain(reason)
  supervised.child.kill('SIGTERM')
  expect(await supervised.ended).toEqual([0, null])
})

test('a program that ends without a failure is not started again', async () => {
  const supervised = new Supervised(path('test/support/ended.mjs'), '0')
  expect(await supervised.ended).toEqual([0, null])
  expect(await supervised.line()).toBe('ended with 0')
  expect(supervised.stderr).toBe('')
})

test('one that fails is started again, later each time, until a signal comes', async () => {
  const supervised = new Supervised('--hang-ms', '0', path('test/support/ended.mjs'), '3')
  expect(await supervised.line()).toBe('ended with 3')
  expect(await supervised.line()).toBe('ended with 3')
  expect(await supervised.line()).toBe('ended with 3')
  while (!supervised.stderr.includes('"restartInMs":2000')) await turn()
  supervised.child.kill('SIGTERM')
  expect(await supervised.ended).toEqual([0, null])
  expect(
    supervised.stderr.match(/"code":3,.*"restartInMs":\d+/g)?.map((line) => line.split(':').at(-1)),
  ).toEqual(['0', '1000', '2000'])
})

test('a signal is passed on, and its end is that of both', async () => {
  const supervised = new Supervised(path('test/support/ended.mjs'), 'SIGTERM')
  expect(await supervised.line()).toBe('waiting')
  supervised.child.kill('SIGTERM')
  expect(await supervised.ended).toEqual([143, null])
})

test('when it is killed, the program stops, and its port is free', async () => {
  const port = await bound(0)
  const supervised = new Supervised(MINER, String(port))
  expect(await supervised.line()).toBe(`listening ${port}`)
  supervised.child.kill('SIGKILL')
  await supervised.ended // standard output and error are the program's, too
  expect(supervised.stderr).toContain('miner stopped')
  await bound(port)
})

test.each([
  [[], 'there is no file to run'],
  [['--hang-ms', '10', MINER], '--hang-ms is 10; it is an integer from 500 to 3600000'],
  [['--hang', '1000', MINER], 'hang'],
])('says what is wrong with %j', async (args, words) => {
  const supervised = new Supervised(...args)
  expect(await supervised.ended).toEqual([2, null])
  expect(supervised.stderr).toContain(words)
})
