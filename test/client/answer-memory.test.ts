import { describe, expect, test } from 'vitest'
import { AnswerMemory, type AnswerReader } from '../../src/client/answer-memory.js'
import { MinerConnection } from '../../src/client/miner-connection.js'
import { synapse } from '../../src/contract/definition.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import type { LinkStream } from '../../src/transport/link.js'
import { turn, until } from '../support/frames.js'
import { minerSigner } from '../support/hotkeys.js'
import { answer, chunk, end, ScriptedMiner } from '../support/scripted-miner.js'

const KIB = 1024
const MIB = 1024 * KIB

class Reader implements AnswerReader {
  isHeld = false
  hold(): void {
    this.isHeld = true
  }
  goOn(): void {
    this.isHeld = false
  }
}

function readers(count: number) {
  const clock = new FakeClock()
  const memory = new AnswerMemory(10 * MIB, clock)
  const all = Array.from({ length: count }, () => new Reader())
  return { clock, memory, all, held: () => all.map(({ isHeld }) => isHeld) }
}

describe('the decisions', () => {
  test('up to the cap nobody is held; the one beyond it goes on, and the others wait', () => {
    const { memory, all, held } = readers(3)
    memory.keeps(all[0]!, 5 * MIB)
    memory.keeps(all[1]!, 5 * MIB)
    expect(held()).toEqual([false, false, false])
    memory.keeps(all[2]!, 1)
    expect(held()).toEqual([false, false, false]) // there is always one that goes on
    memory.keeps(all[0]!, 5 * MIB + 1)
    memory.keeps(all[1]!, 5 * MIB + 1)
    expect(held()).toEqual([true, true, false])
    memory.keeps(all[2]!, 64 * MIB)
    expect(held()).toEqual([true, true, false])
  })

  test('when an answer is complete, the next goes on, and all for whom there is room', () => {
    const { memory, all, held } = readers(4)
    for (const reader of all) memory.keeps(reader, 4 * MIB)
    expect(held()).toEqual([false, false, false, true])
    memory.keeps(all[0]!, 4 * MIB + 1)
    memory.keeps(all[1]!, 4 * MIB + 1)
    expect(held()).toEqual([true, true, false, true])
    memory.keeps(all[2]!, 0) // 12 MiB are left: it is one after the other
    expect(held()).toEqual([true, true, false, false])
    memory.keeps(all[3]!, 0)
    expect(held()).toEqual([false, false, false, false])
    memory.keeps(all[0]!, 0)
    memory.keeps(all[1]!, 0)
    expect(memory.bytes).toBe(0)
  })

  test('who goes on beyond the cap and makes nothing of it makes room for the next', () => {
    const { clock, memory, all, held } = readers(3)
    for (const reader of all) memory.keeps(reader, 6 * MIB)
    expect(held()).toEqual([false, false, true])
    memory.keeps(all[0]!, 6 * MIB + 1)
    expect(held()).toEqual([true, false, true])
    memory.keeps(all[1]!, 6 * MIB + 64 * KIB)
    clock.advance(1000)
    expect(held()).toEqual([true, false, true])
    memory.keeps(all[1]!, 6 * MIB + 128 * KIB - 1)
    clock.advance(1000)
    expect(held()).toEqual([true, true, false])
    clock.advance(1000)
    expect(held()).toEqual([false, true, true])
    for (const reader of all) memory.keeps(reader, 0)
    expect([memory.bytes, clock.pending]).toEqual([0, 0])
  })
})

const Any = synapse('any', {})
const Bytes = synapse('bytes', { stream: true })
const axon = { hotkey: minerSigner.hotkey, host: '127.0.0.1', port: 8443 }

/** Miners that write what the test wants on the streams that they are asked on. */
function asked(miners: number, answerMemoryBytes: number) {
  const clock = new FakeClock()
  const memory = new AnswerMemory(answerMemoryBytes, clock)
  const streams: LinkStream[] = []
  const connections = Array.from({ length: miners }, () => {
    const miner = new ScriptedMiner((stream) => streams.push(stream))
    const settings = { ...miner.settings(), clock }
    return new MinerConnection(axon, miner.validatorLink, settings, { onClosed: () => {} }, memory)
  })
  return { clock, memory, streams, connections }
}

const large = answer({ bytes: Buffer.alloc(2 * MIB) })
const PIECE = 64 * KIB

/** In pieces, as they come from a network. */
function write(stream: LinkStream, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += PIECE) stream.write(bytes.subarray(at, at + PIECE))
}

describe('answers', () => {
  test('of many miners at once are all read, one beyond the cap at a time, and none is late for it', async () => {
    const { clock, memory, streams, connections } = asked(8, 4 * MIB)
    const answers = connections.map((connection) => connection.query(Any, {}))
    await until(() => streams.length === 8)
    for (const stream of streams) write(stream, large.subarray(0, MIB))
    await turn()
    const most = 4 * MIB + 8 * PIECE // and then one that goes on, and one that was let go on for less than it brought
    expect(memory.bytes).toBeGreaterThan(4 * MIB)
    expect(memory.bytes).toBeLessThanOrEqual(most + 2 * MIB)
    clock.advance(11_000) // most of the time that they have; who is held has it still
    for (const stream of streams) {
      write(stream, large.subarray(MIB))
      stream.end()
    }
    let peak = 0
    while (memory.bytes > 0) {
      peak = Math.max(peak, memory.bytes)
      await turn()
    }
    expect(peak).toBeLessThanOrEqual(most + 3 * MIB)
    expect((await Promise.all(answers)).map(({ data }) => (data.bytes as Buffer).length)).toEqual(
      Array(8).fill(2 * MIB),
    )
    expect(clock.pending).toBe(0)
  })

  test('of up to 256 KiB are not counted', async () => {
    const { memory, streams, connections } = asked(1, MIB)
    const asking = connections[0]!.query(Any, {})
    await until(() => streams.length === 1)
    const frame = answer({ bytes: Buffer.alloc(300 * KIB) })
    const header = 5
    streams[0]!.write(frame.subarray(0, header + 256 * KIB))
    await turn()
    expect(memory.bytes).toBe(0)
    streams[0]!.write(frame.subarray(header + 256 * KIB, header + 256 * KIB + 1))
    await turn()
    expect(memory.bytes).toBe(256 * KIB + 1)
    streams[0]!.end(frame.subarray(header + 256 * KIB + 1))
    await asking
    expect(memory.bytes).toBe(0)
  })

  test('that break off, or are given up, are forgotten', async () => {
    const { clock, memory, streams, connections } = asked(3, MIB)
    const asking = Promise.allSettled(connections.map((one) => one.query(Any, {}, { deadlineMs: 20_000 })))
    await until(() => streams.length === 3)
    for (const stream of streams) stream.write(large.subarray(0, MIB))
    await turn()
    streams[0]!.reset()
    await turn()
    clock.advance(20_000) // a deadline goes on for those that are held, too
    const codes = (await asking).map((one) => one.status === 'rejected' && one.reason.code)
    expect(codes).toEqual(['CONNECTION_LOST', 'TIMED_OUT', 'TIMED_OUT'])
    expect([memory.bytes, clock.pending]).toEqual([0, 0])
  })

  test('chunks that wait for a slow reader are counted until they are taken', async () => {
    const { memory, streams, connections } = asked(1, MIB)
    const reading = connections[0]!.stream(Bytes, {})
    const first = reading.next()
    await until(() => streams.length === 1)
    streams[0]!.write(chunk('a'))
    await first
    streams[0]!.write(chunk(Buffer.alloc(600 * KIB)))
    streams[0]!.write(chunk(Buffer.alloc(600 * KIB)))
    await until(() => memory.bytes >= 600 * KIB)
    await reading.next()
    await until(() => memory.bytes === 600 * KIB)
    streams[0]!.end(end())
    await reading.next()
    expect((await reading.next()).done).toBe(true)
    expect(memory.bytes).toBe(0)
  })
})
