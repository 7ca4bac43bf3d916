import { IsInt } from 'class-validator'
import { afterEach, expect, test } from 'vitest'
import { Miner, open, silentLogger, synapse, Validator } from '../../src/index.js'
import { minerSigner, validatorSigner } from '../support/hotkeys.js'
import { quiet } from '../support/quiet.js'

const KIB = 1024
const MIB = 1024 * KIB
const CHUNK = 64 * KIB
const TOTAL = 64 * MIB

/**
 * What the handler may have made and the reader not have taken, wherever it is:
 * - 3.5 MiB, the most that a stream's window grows to (`MAX_STREAM_WINDOW` in transport/quic-config.ts): sent, and held by
 *   the validator's engine, which stops the miner there;
 * - 256 KiB that the validator's stream takes from its engine before it pauses (`WAITING_BYTES` in client/stream.ts), and
 *   what one more read of at most 64 KiB brings, with the part of a chunk that the read before it had brought;
 * - the one chunk that the miner's own stream could not write, after which the generator is not asked again.
 * In the miner itself is only the last, and what of the window is not acknowledged yet. All together: 4 MiB.
 */
const MOST_AHEAD = 4 * MIB

class Amount {
  @IsInt() chunks!: number
}
const Bytes = synapse('bytes', { request: Amount, stream: true })

/** No two chunks are the same. */
const chunk = (i: number): Buffer => Buffer.alloc(CHUNK, `chunk ${i}, `)

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

test('a handler is stopped by a reader who is slow, goes on with it, and all 64 MiB arrive', async () => {
  let produced = 0
  let ended = false
  const miner = new Miner({ signer: minerSigner, access: open(), logger: silentLogger, drainMs: 0 })
  miner.synapse(Bytes, async function* ({ chunks }) {
    for (let i = 0; i < chunks; i++) {
      produced += CHUNK
      yield chunk(i)
    }
    ended = true
  })
  closing.push(() => miner.close())
  const address = await miner.listen({ host: '127.0.0.1', port: 0 })
  const validator = new Validator({ signer: validatorSigner, logger: silentLogger })
  closing.push(() => validator.close())
  const connection = await validator.connect({ hotkey: miner.hotkey, ...address })
  // Shorter than the keep-alive, which would set a connection going again that has fallen asleep.
  const stream = connection.stream(Bytes, { chunks: TOTAL / CHUNK }, { timeoutMs: 5000 })

  let taken = 0
  let ahead = 0
  const take = async (bytes: number): Promise<void> => {
    for (const goal = taken + bytes; taken < goal; taken += CHUNK) {
      const { done, value } = await stream.next()
      if (done || !chunk(taken / CHUNK).equals(value)) throw new Error(`chunk ${taken / CHUNK} is another`)
      ahead = Math.max(ahead, produced - taken)
    }
  }

  // One chunk; a few MiB, while the window is at its first MiB and when it has grown; and a little more again and again.
  for (const bytes of [CHUNK, 3 * MIB, 5 * MIB, CHUNK, 16 * MIB, 512 * KIB, 4 * MIB]) {
    await take(bytes)
    const atRest = await quiet(() => produced)
    ahead = Math.max(ahead, atRest - taken)
    expect(atRest).toBeGreaterThan(taken)
    expect(atRest - taken).toBeLessThanOrEqual(MOST_AHEAD)
    expect(ended).toBe(false)
  }
  await take(TOTAL - taken)
  expect(await stream.next()).toEqual({ done: true, value: undefined })
  expect([taken, produced, ended]).toEqual([TOTAL, TOTAL, true])
  expect(ahead).toBeLessThanOrEqual(MOST_AHEAD)
  console.info(`at most ${ahead / KIB} KiB ahead of the reader`)
})

test('a reader who has stopped holds up neither queries nor another reader', async () => {
  const Echo = synapse('echo', {})
  const miner = new Miner({ signer: minerSigner, access: open(), logger: silentLogger, drainMs: 0 })
  miner
    .synapse(Bytes, async function* ({ chunks }) {
      for (let i = 0; i < chunks; i++) yield chunk(i)
    })
    .synapse(Echo, (data) => data)
  closing.push(() => miner.close())
  const address = await miner.listen({ host: '127.0.0.1', port: 0 })
  const validator = new Validator({ signer: validatorSigner, logger: silentLogger })
  closing.push(() => validator.close())
  const connection = await validator.connect({ hotkey: miner.hotkey, ...address })

  const stopped = Array.from({ length: 8 }, () => connection.stream(Bytes, { chunks: TOTAL / CHUNK }))
  for (const stream of stopped) expect((await stream.next()).done).toBe(false)
  let got = 0
  for await (const bytes of connection.stream(Bytes, { chunks: 100 })) {
    expect(chunk(got++).equals(bytes)).toBe(true)
    expect((await connection.query(Echo, { got })).data).toEqual({ got })
  }
  expect(got).toBe(100)
  for (const stream of stopped) await stream.return!()
})
