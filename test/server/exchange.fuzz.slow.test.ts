import { Type } from 'class-transformer'
import { ArrayMaxSize, IsArray, IsInt, IsString, ValidateNested } from 'class-validator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { synapse } from '../../src/contract/definition.js'
import { IsBytes } from '../../src/decorators/is-bytes.js'
import { encodeHandshakeRequest, encodeSynapsePacket } from '../../src/wire/messages.js'
import { encodeValue } from '../../src/wire/msgpack.js'
import { turn } from '../support/frames.js'
import { handler, type Peer, ServedMiner } from '../support/served-miner.js'
import { type Random, seed, seeded } from '../wire/seeded.js'

const STREAMS = 100_000
const PER_CONNECTION = 1000

class Inner {
  @IsString() name!: string
  @IsBytes({ max: 8 }) blob!: Uint8Array
}
class Plain {
  @IsInt() n!: number
  @IsBytes() payload!: Uint8Array
}
class Nested {
  @ValidateNested() @Type(() => Inner) inner!: Inner
  @IsArray() @ArrayMaxSize(3) @ValidateNested({ each: true }) @Type(() => Inner) list!: Inner[]
}

const NAMES = ['echo', 'plain', 'nested', 'stream', 'fail', 'constructor', '__proto__', '']
const handlers = [
  handler(synapse('echo', {}), (_data, call) => call.data),
  handler(synapse('plain', { request: Plain, unknownProperties: 'drop' }), ({ n, payload }) => ({
    n,
    payload,
  })),
  handler(synapse('nested', { request: Nested, response: Nested }), (nested) => nested),
  handler(synapse('stream', { request: Plain, stream: Inner }), function* ({ payload }) {
    for (const byte of payload.subarray(0, 4)) yield { name: `${byte}`, blob: payload.subarray(0, 8) }
  }),
  handler(synapse('fail', {}), () => {
    throw new Error('these words must never reach the peer')
  }),
]

const KEYS = [
  'n',
  'payload',
  'inner',
  'list',
  'name',
  'blob',
  'constructor',
  'prototype',
  'toString',
  'length',
  '0',
]

/** Any value, and now and then one that a handler could take for its own. */
function value(random: Random, depth = 0): unknown {
  const kind = random.int(depth > 4 ? 8 : 12)
  if (kind < 2) return random.int(1000) - 500
  if (kind === 2) return random.bytes(random.int(12))
  if (kind === 3) return random.pick(KEYS)
  if (kind === 4) return null
  if (kind === 5) return random.int(2) === 0
  if (kind === 6) return random.int(1000) / 7
  if (kind === 7) return 2n ** 63n
  if (kind === 8) return Array.from({ length: random.int(5) }, () => value(random, depth + 1))
  if (kind === 9) return new Map([[random.int(9), value(random, depth + 1)]])
  return map(random, depth + 1)
}

function map(random: Random, depth = 0): object {
  return Object.fromEntries(
    Array.from({ length: random.int(5) }, () => [random.pick(KEYS), value(random, depth + 1)]),
  )
}

function framed(type: number, payload: Uint8Array, declared = payload.length): Buffer {
  const bytes = Buffer.alloc(5 + payload.length)
  bytes[0] = type
  bytes.writeUInt32BE(declared, 1)
  bytes.set(payload, 5)
  return bytes
}

function mutated(random: Random, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  for (let i = random.int(4); i >= 0; i--) copy[random.int(copy.length)] = random.int(256)
  return copy
}

function hostile(random: Random): Buffer {
  const packet = () =>
    encodeSynapsePacket({
      synapseType: random.pick(NAMES),
      data: map(random),
      timestamp: random.int(2 ** 31),
    })
  switch (random.int(9)) {
    case 0:
      return random.bytes(random.int(64))
    case 1:
      return framed(random.int(8), random.bytes(random.int(64)))
    case 2:
      return framed(1 + random.int(6), random.bytes(random.int(16)), random.int(2 ** 32))
    case 3:
      return framed(1 + random.int(6), encodeValue(value(random)))
    case 4:
      return mutated(random, packet())
    case 5:
      return Buffer.concat([packet(), random.bytes(random.int(32))])
    case 6: {
      const whole = packet()
      return whole.subarray(0, random.int(whole.length))
    }
    case 7:
      return encodeHandshakeRequest({
        validatorHotkey: random.pick(KEYS),
        timestamp: random.int(2 ** 31),
        nonce: random.bytes(16).toString('hex'),
        signature: random.bytes(64).toString('base64'),
      })
    default:
      return packet()
  }
}

function send(random: Random, peer: Peer): void {
  const bytes = hostile(random)
  const cut = random.int(bytes.length + 1)
  const frames = peer.begin(bytes.subarray(0, cut))
  const end = random.int(8)
  if (end === 0) frames.stream.reset()
  else if (end === 1) frames.stream.write(bytes.subarray(cut))
  else frames.stream.end(bytes.subarray(cut))
  if (end === 2) frames.stream.reset()
}

const uncaught: unknown[] = []
const keep = (error: unknown) => uncaught.push(error)
beforeEach(() => {
  process.on('unhandledRejection', keep)
  process.on('uncaughtException', keep)
})
afterEach(() => {
  process.off('unhandledRejection', keep)
  process.off('uncaughtException', keep)
})

test(`${STREAMS.toLocaleString('en')} hostile streams of a validator: nothing uncaught, and an honest one is answered`, async () => {
  console.info(`LEVIN_SEED=${seed}`)
  const random = seeded(seed)
  const miner = new ServedMiner(handlers)
  for (let sent = 0; sent < STREAMS; sent += PER_CONNECTION) {
    const peer = await miner.authenticated()
    for (let i = 0; i < PER_CONNECTION; i++) {
      send(random, peer)
      if (i % 50 === 0) await turn()
    }
    await turn()
    const data = { honest: sent, payload: random.bytes(10) }
    expect(await peer.answer('echo', data)).toMatchObject({ success: true, data })
    expect(await peer.answers('stream', { n: 1, payload: Buffer.from([1, 2]) })).toHaveLength(3)
    expect(peer.closed).toBeUndefined()
    miner.log.lines.length = 0
    miner.clock.advance(60_000) // the handshakes of an address are counted by the minute
  }
  await miner.service.dispatcher.idle()
  expect(uncaught).toEqual([])
  miner.service.noise.stop()
  expect(miner.clock.pending).toBe(0)
})

test('strangers learn nothing but that they must authenticate', async () => {
  const random = seeded(seed + 1)
  const miner = new ServedMiner(handlers, { handshakesPerMinute: 1_000_000 })
  const allowed = ['HandshakeResponse', 'SynapseResponse', 'StreamEnd']
  for (let i = 0; i < 5000; i++) {
    const frames = miner.connect().send(hostile(random))
    await frames.done
    for (const message of frames.messages) {
      expect(allowed).toContain(message.type)
      if (message.type === 'HandshakeResponse') expect(message.accepted).toBe(false)
      else expect(message).toMatchObject({ success: false, error: 'authentication failed' })
    }
  }
  expect(uncaught).toEqual([])
})
