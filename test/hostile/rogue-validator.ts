/**
 * A validator that proves itself and then sends what no validator sends: `rogue-validator.js --attack NAME --port P --count N
 * --seed N`. Attacks:
 *
 *     bombs    requests that are small on the wire and large when decoded
 *     frames   random frames, and requests of random and of damaged MessagePack
 *     slow     120 requests, of each a byte a second, for COUNT seconds
 *     never    reads nothing of a stream of 64 MiB
 *
 * Says what it sent as one line, and then goes on being there. What the miner did about it is in `notes`.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { encode } from '@msgpack/msgpack'
import { countEach } from '../faults/report.js'
import { option } from '../interop/options.js'
import { type Random, seeded } from '../wire/seeded.js'
import type { Sent } from './means.js'
import { RawValidator } from './raw-validator.js'

const MIB = 1024 * 1024
/** Of random frames, at once. */
const AT_ONCE = 64
/** The miner allows 128, and tells of those that are free again in portions. */
const STREAMS = 120

const port = Number(option('port'))
const count = Number(option('count'))
const random = seeded(Number(option('seed')))
const sent = { packets: 0, bytes: 0, received: 0, connections: 0, closed: 0 }
const notes: string[] = []

async function connected(): Promise<RawValidator> {
  sent.connections++
  return RawValidator.connect(port)
}

/** A request whose `data` is these bytes. */
function request(data: Uint8Array, synapse = 'echo'): Buffer {
  const now = Buffer.alloc(5)
  now[0] = 0xce
  now.writeUInt32BE(Math.floor(Date.now() / 1000), 1)
  return frame(0x03, Buffer.concat([Buffer.from([0x93]), encode(synapse), data, now]))
}

function frame(type: number, payload: Uint8Array, length = payload.length): Buffer {
  const head = Buffer.alloc(5)
  head[0] = type
  head.writeUInt32BE(length, 1)
  return Buffer.concat([head, payload])
}

/** `{ k: <bytes> }` */
const under = (value: Uint8Array): Buffer => Buffer.concat([Buffer.from([0x81, 0xa1, 0x6b]), value])
const listOf = (claimed: number, items: Uint8Array): Buffer => {
  const head = Buffer.from([0xdd, 0, 0, 0, 0])
  head.writeUInt32BE(claimed, 1)
  return Buffer.concat([head, items])
}

/** T13. */
const BOMBS: Readonly<Record<string, () => Buffer>> = {
  '8 MiB of empty maps': () => under(listOf(8 * MIB, Buffer.alloc(8 * MIB, 0x80))),
  '8 MiB of empty lists': () => under(listOf(8 * MIB, Buffer.alloc(8 * MIB, 0x90))),
  'a list that claims 4 Gi entries': () => under(listOf(2 ** 32 - 1, Buffer.alloc(16, 0x80))),
  '2 M levels': () => under(Buffer.concat([Buffer.alloc(2_000_000, 0x91), Buffer.from([0xc0])])),
  '`__proto__`': () => Buffer.concat([Buffer.from([0x81]), encode('__proto__'), Buffer.from([0x80])]),
  'a key twice': () => Buffer.from([0x82, 0xa1, 0x6b, 0xc0, 0xa1, 0x6b, 0xc0]),
  'keys that are no strings': () => Buffer.from([0x81, 0x01, 0xc0]),
}

async function bombs(): Promise<unknown> {
  const validator = await connected()
  for (let round = 0; round < count; round++) {
    for (const [name, bomb] of Object.entries(BOMBS)) {
      const bytes = request(bomb())
      const begin = performance.now()
      const answer = await validator.ask(bytes)
      count1(bytes)
      if (round === 0) notes.push(`${name}: ${answer} after ${(performance.now() - begin).toFixed(0)} ms`)
    }
  }
  return validator
}

/** T12: what they are answered with, counted. */
async function frames(): Promise<unknown> {
  let validator = await connected()
  const answers: string[] = []
  let left = count
  const inTurn = async (): Promise<void> => {
    while (left-- > 0) {
      const bytes = hostile(random)
      count1(bytes)
      const answer = await validator.ask(bytes)
      answers.push(answer.replace(/^reset.*/, 'reset'))
      if (!validator.isClosed) continue
      reconnecting ??= again()
      validator = await reconnecting
    }
  }
  let reconnecting: Promise<RawValidator> | undefined
  const again = async (): Promise<RawValidator> => {
    sent.closed++
    await sleep(1000)
    const other = await connected()
    reconnecting = undefined
    return other
  }
  await Promise.all(Array.from({ length: AT_ONCE }, inTurn))
  notes.push(...countEach(answers))
  return validator
}

function hostile({ int, bytes, pick }: Random): Buffer {
  const kind = int(6)
  if (kind === 0) return bytes(1 + int(200))
  if (kind === 1) return frame(int(10), bytes(int(200)))
  if (kind === 2) return frame(pick([1, 2, 3, 4, 5, 6]), bytes(int(50)), int(2 ** 32))
  if (kind === 3) return request(bytes(int(200)))
  const whole = request(encode(value(0)), pick(['echo', 'echo', 'nobody']))
  for (let n = int(4); n > 0; n--) whole[5 + int(whole.length - 5)] = int(256)
  return kind === 4 ? whole : whole.subarray(0, int(whole.length))

  function value(depth: number): unknown {
    const what = depth > 5 ? int(5) : int(7)
    if (what === 0) return int(2 ** 32)
    if (what === 1) return bytes(int(40))
    if (what === 2) return bytes(int(20)).toString('latin1')
    if (what === 3) return pick([null, true, 1.5, -1, Number.NaN])
    if (what === 4) return Array.from({ length: int(100) }, () => 0)
    if (what === 5) return Array.from({ length: int(5) }, () => value(depth + 1))
    return Object.fromEntries(Array.from({ length: int(5) }, (_, i) => [`k${i}`, value(depth + 1)]))
  }
}

/** T14: it is always about to go on. */
async function slow(): Promise<unknown> {
  const validator = await connected()
  const bytes = request(encode({ payload: Buffer.alloc(1000) }))
  const streams = await Promise.all(Array.from({ length: STREAMS }, () => validator.open()))
  const begin = performance.now()
  for (let second = 0; second < count && !validator.isClosed; second++) {
    for (const { stream } of streams) {
      stream.write(bytes.subarray(second, second + 1))
      sent.bytes++
    }
    await sleep(1000)
    const over = streams.filter((one) => one.over !== undefined).length
    if (over === STREAMS) break
  }
  const over = streams.filter((one) => one.over !== undefined).length
  notes.push(`${over} of ${STREAMS} streams ended after ${seconds(begin)}`)
  return validator
}

/** What becomes of it, the miner knows: who reads nothing does not hear of a reset either. */
async function never(): Promise<unknown> {
  const validator = await connected()
  const one = await validator.open()
  one.stream.pause()
  const bytes = request(encode({ n: 64, size: MIB }), 'count')
  one.stream.end(bytes)
  count1(bytes)
  await sleep(count * 1000)
  return validator
}

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(0)} s`

function count1(bytes: Uint8Array): void {
  sent.packets++
  sent.bytes += bytes.length
}

const ATTACKS = { bombs, frames, slow, never }
const kept = await ATTACKS[option('attack') as keyof typeof ATTACKS]()
console.log(JSON.stringify({ ...sent, notes } satisfies Sent))
process.once('exit', () => kept)
