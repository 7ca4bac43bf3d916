/** Pure: what real runtimes answered, as neurons. */
import { performance } from 'node:perf_hooks'
import { expect, test } from 'vitest'
import { isReachable, routableAxon } from '../../src/metagraph/reachable.js'
import { AccountNames } from '../../src/subtensor/account-names.js'
import { hostOf, ipOf } from '../../src/subtensor/host.js'
import { decodeNeuronsLite } from '../../src/subtensor/neurons-lite.js'
import { neuronsOf } from '../../src/subtensor/snapshot.js'
import { decodeSubnetState } from '../../src/subtensor/subnet-state.js'
import {
  btlightning,
  bytesOf,
  expected,
  neuronsLiteBytes,
  stakeMeaning,
  subnetStateBytes,
} from './recorded.js'

const lite = decodeNeuronsLite(neuronsLiteBytes)
const state = decodeSubnetState(subnetStateBytes)!
const neurons = [...neuronsOf(1, lite, state, new AccountNames()).values()]
const error = (code: string, text: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(text) })

test('256 neurons are what other decoders make of them', () => {
  for (const [uid, row] of expected.entries()) {
    const { hotkey, coldkey, active, validatorPermit, axon } = row
    const host = axon.ip === 0n && axon.port === 0 ? undefined : hostOf(axon)
    expect(neurons[uid]).toEqual({
      hotkey,
      coldkey,
      uid,
      active,
      validatorPermit,
      stake: Number(row.totalStake) / 1e9,
      stakeRao: row.totalStake,
      alphaStake: Number(row.alphaStake) / 1e9,
      alphaStakeRao: row.alphaStake,
      taoStake: Number(row.taoStake) / 1e9,
      taoStakeRao: row.taoStake,
      lastUpdate: Number(row.lastUpdate),
      registeredAt: Number(row.registeredAt),
      ...(host && {
        axon: {
          host,
          port: axon.port,
          protocol: axon.protocol,
          version: axon.version,
          block: Number(axon.block),
        },
      }),
    })
  }
})

test('whom btlightning calls reachable are 62, in its order', () => {
  const reachable = neurons.filter(isReachable)
  expect(reachable.map(({ hotkey, axon }) => [hotkey, axon?.host, axon?.port])).toEqual(
    btlightning.quic_miners,
  )
  expect(reachable).toHaveLength(62)
})

test("the hosts that it takes for validators' are 36", () => {
  const hosts = neurons
    .filter(({ validatorPermit }) => validatorPermit)
    .flatMap((one) => routableAxon(one) ?? [])
  const known = [...new Set(hosts.map(({ host }) => host))].sort()
  expect(known).toEqual([...btlightning.validator_axon_ips].sort())
  expect(known).toHaveLength(36)
})

test('the total is what a child key leaves, and root adds', () => {
  const six = neuronsOf(
    1,
    decodeNeuronsLite(bytesOf(stakeMeaning.get_neurons_lite)),
    decodeSubnetState(bytesOf(stakeMeaning.get_subnet_state)),
    new AccountNames(),
  )
  const [parent, child] = [...six.values()].slice(3)
  expect(parent).toMatchObject({ stake: 140.000000032, alphaStake: 50.000000023, taoStake: 500.000000232 })
  expect(child).toMatchObject({ stake: 179.999999901, alphaStake: 89.999999976, taoStake: 499.999999767 })
})

test('answers that do not belong together are refused', () => {
  const names = new AccountNames()
  const swapped = state.hotkeys.with(7, state.hotkeys[8]!)
  const mixed = error('PROTOCOL', 'not of the same block')
  expect(() => neuronsOf(1, lite, { ...state, hotkeys: swapped }, names)).toThrow(mixed)
  expect(() => neuronsOf(1, lite.slice(1), state, names)).toThrow(mixed)
  expect(() => neuronsOf(1, lite.slice(0, -1), state, names)).toThrow(mixed)
  expect(() => neuronsOf(1, [], state, names)).toThrow(mixed)
  expect(() => neuronsOf(1, lite, undefined, names)).toThrow(mixed)
  expect(() => neuronsOf(1, lite.with(7, { ...lite[7]!, uid: 8 }), state, names)).toThrow(mixed)
  expect(() => neuronsOf(1, lite.with(7, { ...lite[7]!, netuid: 2 }), state, names)).toThrow(mixed)
  expect(() => neuronsOf(2, lite, state, names)).toThrow(error('PROTOCOL', 'about subnet 1'))
  const twice = lite.with(8, { ...lite[8]!, hotkey: lite[7]!.hotkey })
  const both = { ...state, hotkeys: state.hotkeys.with(8, state.hotkeys[7]!) }
  expect(() => neuronsOf(1, twice, both, names)).toThrow(error('PROTOCOL', 'a hotkey is there twice'))
  expect(() => neuronsOf(9, [], undefined, names)).toThrow(error('CONFIG', 'subnet 9 does not exist'))
})

test('hosts, there and back', () => {
  const hosts = [
    '0.0.0.0',
    '8.8.4.4',
    '255.255.255.255',
    '::',
    '::1',
    '2001:db8::17',
    '1:2:3:4:5:6:7:8',
    'ff00::',
  ]
  for (const host of hosts) expect(hostOf(ipOf(host))).toBe(host)
  expect(ipOf('::ffff:8.8.8.8')).toEqual({ ip: 0xffff_0808_0808n, ipType: 6 })
  expect(hostOf({ ip: 2n ** 32n, ipType: 4 })).toBeUndefined()
  expect(hostOf({ ip: 1n, ipType: 255 })).toBeUndefined()
  for (const host of ['a.example', '', '1.2.3', 'fe80::1%eth0', '[::1]']) {
    expect(() => ipOf(host)).toThrow(error('CONFIG', 'no IP address'))
  }
})

test('256 neurons are the same each time; how long they take is printed', () => {
  const names = new AccountNames()
  const once = () => {
    const began = performance.now()
    const read = neuronsOf(1, decodeNeuronsLite(neuronsLiteBytes), decodeSubnetState(subnetStateBytes), names)
    return { read, ms: performance.now() - began }
  }
  const first = once()
  const warm = Array.from({ length: 300 }, once).slice(100)
  expect([...warm.at(-1)!.read.values()]).toEqual(neurons)
  const sorted = warm.map(({ ms }) => ms).sort((a, b) => a - b)
  const [median, most] = [sorted[100]!, sorted[180]!]
  console.log(
    `256 neurons: ${first.ms.toFixed(0)} ms the first time, then ${median.toFixed(2)} ms (median of 200), ` +
      `nine in ten within ${most.toFixed(2)} ms`,
  )
})
