/** Levin's validator at the HTTP doors of Levin's miner: what it is told is what QUIC would have told it. */
import { IsInt, IsString } from 'class-validator'
import { describe, expect, test } from 'vitest'
import { type Axon, type Door, IsBytes, type MinerConnectionEvent, synapse } from '../../../src/index.js'
import { HttpMiner } from '../../server/doors/http-miner.js'
import { minerSigner, signerOf } from '../../support/hotkeys.js'
import { newValidator, silentPort } from '../../support/subnet.js'

class Question {
  @IsString() city!: string
  @IsInt() days!: number
}

class Reply {
  @IsString() text!: string
  @IsBytes() image!: Uint8Array
}

class Word {
  @IsString() word!: string
}

const Ask = synapse('Ask', { request: Question, response: Reply })
const Words = synapse('Words', { request: Question, stream: Word })
const Bytes = synapse('Bytes', { request: Question, stream: true })
const Boom = synapse('Boom', {})
const Slow = synapse('Slow', {})
const Nope = synapse('Nope', {})

const question = { city: 'Oslo', days: 3 }
const image = Buffer.from([0, 255, 7])

async function startMiner(): Promise<HttpMiner> {
  const served = new HttpMiner()
  served.miner
    .synapse(Ask, ({ city, days }) => ({ text: `${city} ${days}`, image }))
    .synapse(Words, async function* ({ days }) {
      for (let i = 0; i < days; i++) yield { word: `w${i}` }
    })
    .synapse(Bytes, async function* () {
      yield image
      yield image
    })
    .synapse(Boom, () => {
      throw new Error('secret')
    })
    .synapse(Slow, () => new Promise(() => {}))
  return served.listen()
}

const at = (port: number, door: Door): Axon => ({ hotkey: minerSigner.hotkey, host: '127.0.0.1', port, door })

describe.each(['btauth', 'bittensor10'] as const)('by %s', (door) => {
  test('is answered what the handler gives, bytes too', async () => {
    const { port } = await startMiner()
    const validator = newValidator()
    const { data, latencyMs } = await validator.query(at(port, door), Ask, question)
    expect(data).toBeInstanceOf(Reply)
    expect(data).toEqual({ text: 'Oslo 3', image })
    expect(latencyMs).toBeGreaterThan(0)
  })

  test('200 at once are all answered, and use connections again', async () => {
    const served = await startMiner()
    const validator = newValidator()
    const axon = at(served.port, door)
    const round = () =>
      validator.queryAll(
        Array.from({ length: 200 }, () => axon),
        Ask,
        question,
      )
    expect((await round()).filter(({ ok }) => !ok)).toEqual([])
    expect((await round()).filter(({ ok }) => !ok)).toEqual([])
    expect(served.miner.stats().http!.connections).toBeLessThanOrEqual(129)
    expect(validator.stats().miners[axon.hotkey]).toMatchObject({
      door,
      state: 'connected',
      calls: { answered: 400 },
    })
  })

  test('a stream of a class, and one of bytes', async () => {
    const { port } = await startMiner()
    const validator = newValidator()
    const [words] = await validator.streamAll([at(port, door)], Words, question)
    expect(words).toMatchObject({ ok: true, data: [{ word: 'w0' }, { word: 'w1' }, { word: 'w2' }] })
    const [bytes] = await validator.streamAll([at(port, door)], Bytes, question)
    expect(bytes!.ok && Buffer.concat(bytes!.data as Uint8Array[])).toEqual(Buffer.concat([image, image]))
  })

  test('failures have the codes of QUIC, and a handler says nothing', async () => {
    const { port } = await startMiner()
    const validator = newValidator()
    const axon = at(port, door)
    const error = await validator.query(axon, Boom, {}).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'PEER_ERROR', miner: axon.hotkey, synapse: 'Boom' })
    expect(error.message).not.toContain('secret')
    await expect(validator.query(axon, Nope, {})).rejects.toMatchObject({ code: 'PEER_ERROR' })
    await expect(validator.query(axon, Slow, {}, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'TIMED_OUT',
    })
    await expect(validator.query(axon, Slow, {}, { deadlineMs: 50 })).rejects.toMatchObject({
      code: 'TIMED_OUT',
    })
    const signal = AbortSignal.timeout(50)
    await expect(validator.query(axon, Slow, {}, { signal })).rejects.toMatchObject({ code: 'ABORTED' })
    await expect(validator.query(axon, Ask, { city: 1 } as never)).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
    })
  })

  test('another hotkey listed at the address is asked as itself, and refused', async () => {
    const { port } = await startMiner()
    const validator = newValidator()
    const other = { ...at(port, door), hotkey: signerOf(9).hotkey }
    const outcomes = await validator.queryAll([at(port, door), other], Ask, question)
    expect(outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.code))).toEqual(['ok', 'HANDSHAKE_REFUSED'])
  })

  test('nobody there: CANNOT_CONNECT, and left alone as after any failure', async () => {
    const validator = newValidator()
    const axon = at(await silentPort(), door)
    await expect(validator.query(axon, Ask, question)).rejects.toMatchObject({ code: 'CANNOT_CONNECT' })
    await expect(validator.query(axon, Ask, question)).rejects.toThrow('not tried again')
  })

  test('close ends calls that run', async () => {
    const { port } = await startMiner()
    const validator = newValidator()
    const events: MinerConnectionEvent[] = []
    validator.on('connection', (event) => events.push(event))
    await validator.query(at(port, door), Ask, question)
    const running = validator.query(at(port, door), Slow, {})
    setImmediate(() => validator.close())
    await expect(running).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    expect(events).toMatchObject([{ state: 'reached', door, hotkey: undefined }])
  })
})

test('the miner goes: the next call finds nobody', async () => {
  const served = await startMiner()
  const validator = newValidator()
  const axon = at(served.port, 'bittensor10')
  await validator.query(axon, Ask, question)
  await served.miner.close()
  await expect(validator.query(axon, Ask, question)).rejects.toMatchObject({ code: 'CANNOT_CONNECT' })
  expect(validator.stats().miners[axon.hotkey]).toMatchObject({ state: 'idle' })
})
