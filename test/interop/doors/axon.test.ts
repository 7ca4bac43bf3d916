/** A Levin validator asks Bittensor's own axons, unmodified, beside miners that speak QUIC. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Axon,
  inMemoryMetagraph,
  LevinError,
  silentLogger,
  synapse,
  Validator,
} from '../../../src/index.js'
import { minerSigner, signerOf, validatorSigner } from '../../support/hotkeys.js'
import { available } from '../peers/available.js'
import { prepareBittensorPeer } from '../peers/build.js'
import { type Server, serve } from '../peers/conversation.js'
import { Ask, Slow, Story, Value } from './contract.js'
import { doorMiner, UNWANTED } from './miner.js'

const AXONS = 100
const QUESTION = { city: 'Oslo', days: 3 }

const peer = await available('bittensor', prepareBittensorPeer)

describe.runIf(peer !== undefined)("A Levin validator and Bittensor's axons", () => {
  let server: Server<{ port: number; hotkey: string }[]>
  let validator: Validator
  let axons: Axon[]

  beforeAll(async () => {
    server = await serve(peer!, 'axon', '--count', String(AXONS))
    axons = server.said.map((said) => ({ ...said, host: '127.0.0.1', door: 'bittensor10' }))
    validator = new Validator({ signer: validatorSigner, logger: silentLogger })
  })
  afterAll(async () => {
    validator?.close()
    await server?.stop()
  })

  const codeOf = async (asking: Promise<unknown>): Promise<string> => {
    try {
      await asking
      return 'answered'
    } catch (error) {
      return LevinError.from(error).code
    }
  }

  test('an answer is an instance of its class', async () => {
    const { data, latencyMs } = await validator.query(axons[0]!, Ask, QUESTION)
    expect(data).toEqual({ answer: 'hi Oslo' })
    expect(data).toBeInstanceOf(Ask.options.response)
    expect(latencyMs).toBeGreaterThan(0)
  })

  test.each([
    'Zürich',
    `it's "so"`,
    0.1,
    1e16,
    -1e-7,
    5e-324,
    Number.MAX_SAFE_INTEGER,
    true,
    [1, 2.5, [null, 'x']],
    { a: { 'b"': ["'"] } },
  ])('the axon hashes %j as the validator does', async (value) => {
    const { data } = await validator.query(axons[0]!, Value, { value })
    expect(data.same).toEqual(value)
  })

  test('a stream comes in pieces', async () => {
    const pieces: string[] = []
    for await (const piece of validator.stream(axons[0]!, Story, { pieces: 3, pause: 0.1 })) {
      pieces.push(Buffer.from(piece).toString())
    }
    expect(pieces).toEqual(['piece 0, ', 'piece 1, ', 'piece 2, '])
  })

  test('each failure has its code', async () => {
    const unwanted = new Validator({ signer: signerOf(UNWANTED), logger: silentLogger })
    const other = { ...axons[0]!, hotkey: signerOf(9).hotkey }
    const nobody = { ...axons[0]!, port: 1 }
    const [first] = axons as [Axon]
    expect({
      blacklisted: await codeOf(unwanted.query(first, Ask, QUESTION)),
      unknown: await codeOf(validator.query(first, synapse('Nope', {}), {})),
      failing: await codeOf(validator.query(first, Ask, { ...QUESTION, city: 'boom' })),
      slow: await codeOf(validator.query(first, Slow, { seconds: 20 }, { timeoutMs: 300 })),
      anotherHotkey: await codeOf(validator.query(other, Ask, QUESTION)),
      nobodyThere: await codeOf(validator.query(nobody, Ask, QUESTION)),
    }).toEqual({
      blacklisted: 'HANDSHAKE_REFUSED',
      unknown: 'PEER_ERROR',
      failing: 'PEER_ERROR',
      slow: 'TIMED_OUT',
      anotherHotkey: 'HANDSHAKE_REFUSED',
      nobodyThere: 'CANNOT_CONNECT',
    })
    unwanted.close()
  })

  test(`${AXONS} axons answer in one round`, async () => {
    const outcomes = await validator.queryAll(axons, Ask, QUESTION)
    expect(outcomes.filter(({ ok }) => !ok)).toEqual([])
    expect(outcomes).toHaveLength(AXONS)
  })

  test('one call asks axons and Levin miners, each by the door that answered', async () => {
    const miner = doorMiner()
    const { port } = await miner.listen({ host: '127.0.0.1', port: 0 })
    const mixed = new Validator({ signer: validatorSigner, logger: silentLogger })
    const places = new Map(server.said.slice(1, 10).map(({ hotkey, port }) => [hotkey, port]))
    places.set(minerSigner.hotkey, port)
    const neurons = [...places.keys()].map((hotkey, uid) => ({
      hotkey,
      uid,
      stake: 0,
      validatorPermit: false,
    }))
    try {
      await mixed.follow(inMemoryMetagraph(neurons), {
        where: () => true,
        address: ({ hotkey }) => ({ host: '127.0.0.1', port: places.get(hotkey)! }),
        doors: ['quic', 'bittensor10'],
      })
      for (let round = 0; round < 2; round++) {
        const outcomes = await mixed.queryAll(mixed.miners(), Ask, QUESTION)
        expect(outcomes).toHaveLength(10)
        expect(outcomes.map((outcome) => outcome.ok && outcome.data.answer)).toEqual(
          outcomes.map(() => 'hi Oslo'),
        )
      }
    } finally {
      mixed.close()
      await miner.close()
    }
  })
})
