/**
 * Bittensor's own dendrite, unmodified, asks a Levin miner: whatever it sees is what it sees of an axon that is asked the
 * same, and what was captured from one.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Miner } from '../../../src/index.js'
import { available } from '../peers/available.js'
import { prepareBittensorPeer } from '../peers/build.js'
import { type Conversation, converse, type Server, serve } from '../peers/conversation.js'
import { doorMiner, UNWANTED } from './miner.js'
import { form, type HttpAnswer, type Told } from './told.js'

const ASK = { case: 'ask', synapse: 'Ask', fields: { city: 'Oslo', days: 3 } } as const
const RAW = { ...ASK, case: 'raw' } as const

/** By the names that the captured ones have. */
const CASES: Readonly<Record<string, object>> = {
  ok: ASK,
  replay: { ...RAW, times: 2 },
  blacklisted: { ...ASK, seed: UNWANTED },
  unknown: { ...ASK, synapse: 'Nope', fields: {} },
  boom: { ...ASK, fields: { city: 'boom', days: 3 } },
  'bad signature': { ...ASK, case: 'bad signature' },
  'body changed': { ...RAW, changed: { city: 'Rome' } },
  'old nonce': { ...ASK, case: 'late nonce', timeout: 5 },
  // Longer than the dendrite said that it waits, which the axon does not mind.
  slow: { ...RAW, synapse: 'Slow', fields: { seconds: 1.2 }, timeout: 1 },
  'not json': { ...RAW, text: '{city: "Oslo"}' },
  'no headers': { ...RAW, headers: 'none' },
}

const captured = JSON.parse(
  readFileSync(new URL('../../vectors/bittensor-10.5.0.json', import.meta.url), 'utf8'),
) as { axon_responses: Record<string, HttpAnswer> }

const peer = await available('bittensor', prepareBittensorPeer)

describe.runIf(peer !== undefined)("Bittensor's dendrite and a Levin miner", () => {
  let dendrite: Conversation
  let axon: Server<[{ port: number }]>
  let miner: Miner
  let ports: { axon: number; levin: number }

  beforeAll(async () => {
    dendrite = converse(peer!, 'dendrite')
    axon = await serve(peer!, 'axon')
    miner = doorMiner()
    const { port } = await miner.listen({ host: '127.0.0.1', port: 0, http: true })
    ports = { axon: axon.said[0].port, levin: port }
  })
  afterAll(async () => {
    await Promise.all([dendrite?.stop(), axon?.stop(), miner?.close()])
  })

  const both = async (command: object): Promise<{ real: Told; ours: Told }> => ({
    real: await dendrite.ask<Told>({ ...command, port: ports.axon }),
    ours: await dendrite.ask<Told>({ ...command, port: ports.levin }),
  })

  test.each(Object.entries(CASES))('%s: as an axon answers it', async (name, command) => {
    const { real, ours } = await both(command)
    expect(form(ours.http!)).toEqual(form(real.http!))
    expect(ours.flags).toEqual(real.flags)
    expect(ours.statusCode).toEqual(real.statusCode)

    const before = captured.axon_responses[name]!
    expect(ours.http!.status).toBe(before.status)
    // One was captured without its headers.
    if (before.headers !== undefined)
      expect(Object.keys(form(ours.http!).headers)).toEqual(Object.keys(form(before).headers))
  })

  test('a dendrite that does not wait for the answer finds a timeout', async () => {
    const { real, ours } = await both({ ...ASK, synapse: 'Slow', fields: { seconds: 20 }, timeout: 0.5 })
    expect(ours.flags).toEqual(['is_failure', 'is_timeout'])
    expect({ ...ours, seconds: 0, synapse: 0 }).toEqual({ ...real, seconds: 0, synapse: 0 })
  })

  test('a handler that is too slow is a timeout', async () => {
    const command = { ...ASK, synapse: 'Slow', fields: { seconds: 20 }, port: ports.levin }
    const { flags, http } = await dendrite.ask<Told>(command)
    expect({ flags, status: http!.status }).toEqual({ flags: ['is_failure', 'is_timeout'], status: 408 })
  })

  test('the answer is in the synapse', async () => {
    const { synapse, flags } = await dendrite.ask<Told>({ ...ASK, port: ports.levin })
    expect(flags).toEqual(['is_success'])
    expect(synapse).toMatchObject({ city: 'Oslo', days: 3, answer: 'hi Oslo' })
  })

  test.each([
    [
      'texts',
      [
        '',
        'Oslo',
        "it's",
        'say "hi"',
        `'"`,
        'a\nb\t\\',
        'Zürich',
        '東京',
        '👋🏽',
        '\u00a0\u200b\u0085\u2028',
      ],
    ],
    ['integers', [0, -1, 2 ** 31, Number.MAX_SAFE_INTEGER]],
    ['floats', [0.1, 2.5, -1e-7, 1e21, 1.7976931348623157e308, 5e-324, 1 / 3]],
    ['others', [true, false, [], {}, [null, [true, 'x']]]],
    ['maps', [{ a: 1, 'b c': [1.5, { 'd"': "e'" }] }]],
  ])('a hash over %s is found to be the same, and they come back', async (_name, values) => {
    for (const value of values) {
      const command = { ...ASK, synapse: 'Value', fields: { value }, port: ports.levin }
      const { flags, synapse } = await dendrite.ask<Told>(command)
      expect({ value, flags }).toEqual({ value, flags: ['is_success'] })
      expect(synapse.same).toEqual(value)
    }
  })

  test('a stream comes in the pieces in which it is told', async () => {
    const command = { ...ASK, case: 'stream', synapse: 'Story', fields: { pieces: 3, pause: 0.1 } }
    const [real, ours] = await Promise.all([
      dendrite.ask<Told & { pieces: string[] }>({ ...command, port: ports.axon }),
      dendrite.ask<Told & { pieces: string[] }>({ ...command, port: ports.levin }),
    ])
    expect(ours.pieces).toEqual(['piece 0, ', 'piece 1, ', 'piece 2, '])
    expect(ours.pieces).toEqual(real.pieces)
    expect(ours.synapse).toMatchObject({ pieces: 3, text: 'piece 0, piece 1, piece 2, ' })
    expect(ours.flags).toEqual(['is_success'])
    expect(form(ours.http!)).toEqual(form(real.http!))
  })

  test.each([
    ['a dendrite each', false, ASK],
    ['one dendrite', true, ASK],
    ['a dendrite each, which take their time,', false, { synapse: 'Slow', fields: { seconds: 0.5 } }],
  ])('200 at once from %s are all answered', async (_name, shared, asked) => {
    const command = { ...asked, case: 'many', count: 200, shared, timeout: 30, port: ports.levin }
    const { answers } = await dendrite.ask<{ answers: Told[] }>(command)
    expect(answers.map(({ flags }) => flags)).toEqual(Array.from({ length: 200 }, () => ['is_success']))
    expect(miner.stats().calls[asked.synapse]).toMatchObject({ running: 0 })
  })
})
