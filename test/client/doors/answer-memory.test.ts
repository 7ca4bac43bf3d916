/** Answers by HTTP that together have more bytes than may be kept: some are not read for a while, and none is late for it. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { AnswerMemory } from '../../../src/client/answer-memory.js'
import { HttpConnection } from '../../../src/client/doors/http-connection.js'
import { synapse } from '../../../src/index.js'
import { turn, until } from '../../support/frames.js'
import { minerSigner } from '../../support/hotkeys.js'
import { ScriptedMiner } from '../../support/scripted-miner.js'

const KIB = 1024
/** So that whatever is counted at all is held, but for the one that goes on. */
const CAP_BYTES = 1
const TIMEOUT_MS = 10_000

const Any = synapse('any', {})

/** Answers that one server has begun with 320 KiB each, where one is read at a time. */
async function begun(answers: number, deadlineAtMs = Number.POSITIVE_INFINITY) {
  const responses: ServerResponse[] = []
  const server = createServer((_request, response) => void responses.push(response))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const axon = { hotkey: minerSigner.hotkey, host: '127.0.0.1', port }
  const scripted = new ScriptedMiner(() => {})
  const { clock } = scripted
  const memory = new AnswerMemory(CAP_BYTES, clock)
  const connection = new HttpConnection({
    address: axon,
    door: 'btauth',
    settings: scripted.settings({ timeoutMs: TIMEOUT_MS }),
    owner: { onClosed: () => {} },
    memory,
    meterOf: () => ({ bytesIn: 0, bytesOut: 0 }),
  })
  const limits = { timeoutMs: undefined, maxStreamBytes: undefined, signal: undefined, deadlineAtMs }
  const asking = Array.from({ length: answers }, () => connection.ask(Any, {}, limits, axon))
  const outcomes = Promise.all(
    asking.map((one) =>
      one.then(
        ({ data }) => String(data.text).length,
        (error) => error.code,
      ),
    ),
  )
  await until(() => responses.length === answers)
  const write = (response: ServerResponse, text: string): Promise<void> =>
    new Promise((resolve) => void response.write(text, () => resolve()))
  await Promise.all(responses.map((response) => write(response, `{"text":"${'a'.repeat(320 * KIB)}`)))
  await until(() => memory.bytes > answers * 256 * KIB)
  return { clock, memory, responses, outcomes }
}

test('who is held has what was left of its time when it is read again', async () => {
  const { clock, memory, responses, outcomes } = await begun(2)
  clock.advance(TIMEOUT_MS - 2_000)
  // The two take turns of a second: 8 s of standing still are nobody's.
  expect(memory.bytes).toBeGreaterThan(2 * 256 * KIB)
  for (const response of responses) response.end('"}')
  await expect(outcomes).resolves.toEqual([320 * KIB, 320 * KIB])
  expect([memory.bytes, clock.pending]).toEqual([0, 0])
})

test('and no more than that', async () => {
  const { clock, memory, responses, outcomes } = await begun(2)
  clock.advance(2 * TIMEOUT_MS + 2_000) // each was read for half of it, and brought nothing
  await expect(outcomes).resolves.toEqual(['TIMED_OUT', 'TIMED_OUT'])
  await until(() => responses.every(({ destroyed }) => destroyed))
  expect([memory.bytes, clock.pending]).toEqual([0, 0])
})

test('the deadline of the call goes on for those that are held', async () => {
  const { clock, memory, outcomes } = await begun(3, 5_000)
  clock.advance(5_000)
  await expect(outcomes).resolves.toEqual(['TIMED_OUT', 'TIMED_OUT', 'TIMED_OUT'])
  await turn()
  expect([memory.bytes, clock.pending]).toEqual([0, 0])
})
