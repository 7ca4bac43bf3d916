/** Addresses as the chain has them. */
import { expect, test } from 'vitest'
import { ipToNumber, numberToIp } from '../../../src/testing/chain/ip.js'

test.each([
  ['0.0.0.0', 0n, 4],
  ['8.8.4.4', 0x0808_0404n, 4],
  ['255.255.255.255', 0xffff_ffffn, 4],
  ['::', 0n, 6],
  ['::1', 1n, 6],
  ['1::', 2n ** 112n, 6],
  ['2001:4860:4860::8888', 0x2001_4860_4860_0000_0000_0000_0000_8888n, 6],
  ['::ffff:808:404', 0xffff_0808_0404n, 6],
  ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 2n ** 128n - 1n, 6],
] as const)('%s', (text, ip, type) => {
  expect(ipToNumber(text)).toEqual({ ip, type })
  expect(numberToIp({ ip, type })).toBe(text)
})

test('an IPv6 address in another form is the same one', () => {
  expect(ipToNumber('2001:DB8:0:0:0:0:0:01')).toEqual(ipToNumber('2001:db8::1'))
  expect(ipToNumber('::ffff:8.8.4.4')).toEqual(ipToNumber('::ffff:808:404'))
})

test.each(['', 'example.org', '8.8.4', '1:2', '8.8.8.8:80'])('%j is none', (text) => {
  expect(() => ipToNumber(text)).toThrow(RangeError)
})
