import { expect, test } from 'vitest'
import { checkPeerLimits, defaultPeerLimits, type PeerLimits } from '../../src/transport/peer-limits.js'

const KIB = 1024
const MIB = 1024 * KIB

test('the defaults', () => expect(checkPeerLimits('here', {})).toEqual(defaultPeerLimits))

test.each<[keyof PeerLimits, number, number]>([
  ['halfOpenBytes', 4 * KIB, MIB],
  ['halfOpenMs', 100, 600_000],
  ['strangerBytes', 8 * KIB, 64 * MIB],
  ['overheadBytes', MIB, 2 ** 32 - 1],
  ['packetsPerTurn', 1, 1024],
])('%s from %d to %d', (name, least, most) => {
  for (const value of [least, most]) expect(checkPeerLimits('here', { [name]: value })[name]).toBe(value)
  for (const value of [least - 1, most + 1, least + 0.5, Number.NaN, Number.POSITIVE_INFINITY, `${least}`]) {
    const wrong = { [name]: value } as Partial<PeerLimits>
    expect(() => checkPeerLimits('here', wrong), String(value)).toThrow(`here: ${name} is`)
  }
})
