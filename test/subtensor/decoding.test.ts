/** Both answers of which a sync is made: as real runtimes gave them, and as nobody should. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeHotkey } from '../../src/auth/ss58.js'
import { decodeNeuronsLite, type NeuronLite } from '../../src/subtensor/neurons-lite.js'
import { decodeSubnetState, type SubnetState } from '../../src/subtensor/subnet-state.js'
import { encodeNeuronsLite, encodeSubnetState } from './encode.js'
import { bytesOf, expected, neuronsLiteBytes, stakeMeaning, subnetStateBytes } from './recorded.js'

const key = (hotkey: string): Buffer => Buffer.from(decodeHotkey(hotkey))

describe('256 neurons of a real runtime', () => {
  test('get_neurons_lite is what other decoders make of it', () => {
    const wanted = expected.map((row): NeuronLite => {
      const { uid, active, validatorPermit, axon, stake, emission, lastUpdate } = row
      const keys = { hotkey: key(row.hotkey), coldkey: key(row.coldkey) }
      return { ...keys, uid, netuid: 1, active, axon, stake, emission, lastUpdate, validatorPermit }
    })
    expect(decodeNeuronsLite(neuronsLiteBytes)).toEqual(wanted)
  })

  test('get_subnet_state too', () => {
    expect(decodeSubnetState(subnetStateBytes)).toEqual({
      netuid: 1,
      hotkeys: expected.map(({ hotkey }) => key(hotkey)),
      registeredAt: expected.map(({ registeredAt }) => registeredAt),
      alphaStake: expected.map(({ alphaStake }) => alphaStake),
      taoStake: expected.map(({ taoStake }) => taoStake),
      totalStake: expected.map(({ totalStake }) => totalStake),
    })
  })
})

test('which stake is which: half of what uid 3 weighs is given to its child, uid 4', () => {
  const neurons = decodeNeuronsLite(bytesOf(stakeMeaning.get_neurons_lite))
  const state = decodeSubnetState(bytesOf(stakeMeaning.get_subnet_state))!
  for (const uid of [3, 4] as const) {
    const wanted = stakeMeaning.expected[`uid${uid}`]
    expect(neurons[uid]!.stake.toString()).toBe(wanted.neurons_lite_stake)
    expect(state.alphaStake[uid]!.toString()).toBe(wanted.alpha_stake)
    expect(state.taoStake[uid]!.toString()).toBe(wanted.tao_stake)
    expect(state.totalStake[uid]!.toString()).toBe(wanted.total_stake)
  }
})

const u8 = fc.nat(255)
const u16 = fc.nat(65_535)
const u32 = fc.nat(2 ** 32 - 1)
const bits = (count: number) => fc.bigInt({ min: 0n, max: 2n ** BigInt(count) - 1n })
/** Of every length, not nearly always of the longest. */
const u64 = fc.nat(64).chain(bits)
const publicKey = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes))

const someNeuron: fc.Arbitrary<NeuronLite> = fc.record({
  hotkey: publicKey,
  coldkey: publicKey,
  uid: u16,
  netuid: u16,
  active: fc.boolean(),
  axon: fc.record({ block: bits(64), version: u32, ip: bits(128), port: u16, ipType: u8, protocol: u8 }),
  stake: u64,
  emission: u64,
  lastUpdate: u64,
  validatorPermit: fc.boolean(),
})
const someState: fc.Arbitrary<SubnetState> = fc.nat(5).chain((length) => {
  const list = <T>(item: fc.Arbitrary<T>) => fc.array(item, { minLength: length, maxLength: length })
  const numbers = list(u64)
  return fc.record({
    netuid: u16,
    hotkeys: list(publicKey),
    registeredAt: numbers,
    alphaStake: numbers,
    taoStake: numbers,
    totalStake: numbers,
  })
})

describe('what an encoder writes is read', () => {
  test('as neurons', () => {
    fc.assert(
      fc.property(fc.array(someNeuron, { maxLength: 5 }), u16, (neurons, skipped) => {
        expect(decodeNeuronsLite(encodeNeuronsLite(neurons, skipped))).toEqual(neurons)
      }),
    )
  })

  test('as the state of a subnet', () => {
    fc.assert(
      fc.property(someState, u16, (state, skipped) => {
        expect(decodeSubnetState(encodeSubnetState(state, skipped))).toEqual(state)
      }),
    )
  })

  test('with a stake of several coldkeys, which counts together', () => {
    const one = { ...decodeNeuronsLite(neuronsLiteBytes)[3]!, stake: 5n }
    const bytes = encodeNeuronsLite([one])
    const at = bytes.indexOf(Buffer.concat([Buffer.of(4), one.coldkey, Buffer.of(5 << 2)]))
    const second = Buffer.concat([one.coldkey, Buffer.of(7 << 2)])
    const two = Buffer.concat([bytes.subarray(0, at), Buffer.of(8), second, bytes.subarray(at + 1)])
    expect(decodeNeuronsLite(two)).toEqual([{ ...one, stake: 12n }])
  })
})

test('a subnet that does not exist', () => {
  expect(decodeNeuronsLite(Buffer.of(0))).toEqual([])
  expect(decodeSubnetState(Buffer.of(0))).toBeUndefined()
})

describe.each([
  ['get_neurons_lite', bytesOf(stakeMeaning.get_neurons_lite), decodeNeuronsLite],
  ['get_subnet_state', bytesOf(stakeMeaning.get_subnet_state), decodeSubnetState],
] as const)('%s', (_name, bytes, decode) => {
  test('broken off at any place is an error', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decode(bytes.subarray(0, length)), `${length} bytes`).toThrow(
        expect.objectContaining({ code: 'PROTOCOL' }),
      )
    }
  })

  test('with a byte more is an error', () => {
    expect(() => decode(Buffer.concat([bytes, Buffer.of(0)]))).toThrow('1 bytes are left over')
  })

  test('any bytes at all come to an answer or to that error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat(bytes.length), (noise, from) => {
        const spoilt = Buffer.concat([bytes.subarray(0, from), noise])
        try {
          decode(spoilt)
        } catch (error) {
          expect(error).toMatchObject({ code: 'PROTOCOL' })
        }
      }),
    )
  })
})

test('a state whose lists are not of one length is an error', () => {
  const state = decodeSubnetState(subnetStateBytes)!
  const short = { ...state, totalStake: state.totalStake.slice(1) }
  expect(() => decodeSubnetState(encodeSubnetState(short))).toThrow('255 stands beside 256 hotkeys')
})
