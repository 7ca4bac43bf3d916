/** Levin's validator at the HTTP doors of Levin's miner: what it is told is what QUIC would have told it. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { IsInt, IsString } from 'class-validator'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  type Axon,
  type Door,
  IsBytes,
  inMemoryMetagraph,
  type MinerConnectionEvent,
  synapse,
} from '../../../src/index.js'
import { createCertificate } from '../../../src/transport/certificate.js'
import { neuronOf } from '../../metagraph/neurons.js'
import { HttpMiner } from '../../server/doors/http-miner.js'
import { minerSigner, signerOf } from '../../support/hotkeys.js'
import { newValidator, silentPort, startMiner as startQuicMiner } from '../../support/subnet.js'

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

const answer = ({ city, days }: Question): Reply => ({ text: `${city} ${days}`, image })
const question = { city: 'Oslo', days: 3 }
const image = Buffer.from([0, 255, 7])

async function startMiner(): Promise<HttpMiner> {
  const served = new HttpMiner({ drainMs: 0 })
  served.miner
    .synapse(Ask, answer)
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

test.each(['btauth', 'bittensor10'] as const)(
  'a miner of HTTPS is not asked by %s, and the call ends',
  async (door) => {
    const { certificatePem: cert, keyPem: key } = createCertificate()
    const served = new HttpMiner()
    served.miner.synapse(Ask, answer)
    const { port } = await served.listen({ tls: { cert, key } })
    await expect(newValidator().query(at(port, door), Ask, question)).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
    })
    expect(served.miner.stats().calls.Ask).toMatchObject({ answered: 0 })
  },
)

test('the miner goes: the next call finds nobody', async () => {
  const served = await startMiner()
  const validator = newValidator()
  const axon = at(served.port, 'bittensor10')
  await validator.query(axon, Ask, question)
  await served.miner.close()
  // a connection that is kept may be used before it is heard that it closed: whether that call ran is not known
  await validator.query(axon, Ask, question).catch(() => {})
  await expect(validator.query(axon, Ask, question)).rejects.toMatchObject({ code: 'CANNOT_CONNECT' })
  expect(validator.stats().miners[axon.hotkey]).toMatchObject({ state: 'idle' })
})

test('follow: a subnet of miners that speak QUIC and of those that do not, in one round', async () => {
  const served = await startMiner()
  const byQuic = await startQuicMiner({ signer: signerOf(3), with: (miner) => miner.synapse(Ask, answer) })
  const source = inMemoryMetagraph([
    neuronOf(0, { uid: 0, hotkey: byQuic.axon.hotkey, active: true, axon: { ...byQuic.axon, protocol: 4 } }),
    neuronOf(1, {
      uid: 1,
      hotkey: minerSigner.hotkey,
      active: true,
      axon: { host: '127.0.0.1', port: served.port, protocol: 4 },
    }),
  ])
  const validator = newValidator()
  await validator.follow(source, { where: () => true, doors: ['quic', 'bittensor10'] })
  const outcomes = await validator.queryAll(validator.miners(), Ask, question)
  expect(outcomes).toMatchObject([{ ok: true }, { ok: true }])
  const { miners } = validator.stats()
  expect(miners[byQuic.axon.hotkey]).toMatchObject({ door: 'quic', state: 'connected' })
  expect(miners[minerSigner.hotkey]).toMatchObject({ door: 'bittensor10', state: 'connected' })
  expect(validator.authenticated()).toEqual([byQuic.axon.hotkey])
})

test.each([[[]], [['quic', 'quic']], [['btauth', 'bittensor10']], [['http']], ['quic']])(
  'follow: %j are no doors',
  async (doors) => {
    const following = newValidator().follow(inMemoryMetagraph([]), { doors: doors as never })
    await expect(following).rejects.toMatchObject({ code: 'CONFIG' })
  },
)

test('an axon with a door that there is not', async () => {
  const axon = at(1, 'http' as never)
  await expect(newValidator().query(axon, Ask, question)).rejects.toMatchObject({ code: 'CONFIG' })
})

test('100 axons and a QUIC miner in one round: each is asked once, and signed for', async () => {
  const asked: unknown[] = []
  const byQuic = await startQuicMiner({ signer: signerOf(3), with: (miner) => miner.synapse(Ask, answer) })
  const axons = await Promise.all(
    Array.from({ length: 100 }, (_, i) => startAxon(signerOf(100 + i).hotkey, asked)),
  )
  const validator = newValidator()
  const outcomes = await validator.queryAll([...axons, byQuic.axon], Ask, question)
  expect(outcomes.filter(({ ok }) => !ok)).toEqual([])
  expect(new Set(asked)).toEqual(new Set(axons.map(({ hotkey }) => hotkey)))
  expect(asked).toHaveLength(100)
})

/** Answers as an axon does: the synapse as it came, with the answer's fields filled in. */
async function startAxon(hotkey: string, asked: unknown[]): Promise<Axon> {
  const server = createServer(async (request, response) => {
    const synapse = JSON.parse(await text(request))
    asked.push(request.headers.bt_header_axon_hotkey)
    const headers = { bt_header_axon_status_code: '200', bt_header_axon_status_message: 'Success' }
    response.writeHead(200, { ...headers, 'content-type': 'application/json' })
    response.end(JSON.stringify({ ...synapse, text: 'hi', image: image.toString('base64') }))
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { ...at((server.address() as AddressInfo).port, 'bittensor10'), hotkey }
}

test('connect holds a QUIC connection, and no other', async () => {
  await expect(newValidator().connect(at(1, 'btauth'))).rejects.toMatchObject({ code: 'CONFIG' })
})
