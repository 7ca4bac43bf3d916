import { base58Encode, decodeAddress, encodeAddress } from '@polkadot/util-crypto'
import { expect, test } from 'vitest'
import { decodeHotkey, encodeHotkey, parseHotkey } from '../../src/auth/ss58.js'
import { seed, seeded } from '../wire/seeded.js'

const alice = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY'

test('agrees with @polkadot/util-crypto, both ways', () => {
  const random = seeded(seed)
  for (let i = 0; i < 500; i++) {
    const key = random.bytes(32)
    const hotkey = encodeHotkey(key)
    expect(hotkey).toBe(encodeAddress(key, 42))
    expect(Buffer.from(decodeHotkey(hotkey))).toEqual(key)
    expect(Buffer.from(decodeAddress(hotkey))).toEqual(key)
  }
})

test('every key makes 48 characters, which starts with a 5', () => {
  for (const fill of [0, 1, 255]) expect(encodeHotkey(Buffer.alloc(32, fill))).toMatch(/^5.{47}$/)
})

const key = decodeAddress(alice)
test.each([
  ['nothing', ''],
  ['hex', `0x${Buffer.from(key).toString('hex')}`],
  ['another prefix', encodeAddress(key, 0)],
  ['a prefix of two bytes', encodeAddress(key, 2254)],
  ['a key of 33 bytes', encodeAddress(Buffer.alloc(33, 7), 42)],
  ['a key of 8 bytes', encodeAddress(Buffer.alloc(8, 7), 42)],
  ['a checksum that is wrong', alice.replace(/Y$/, 'Z')],
  ['two characters swapped', alice.replace('GrwvaEF', 'GrvwaEF')],
  ['a character that base58 has not', alice.replace('G', '0')],
  ['a space before', ` ${alice}`],
  ['a line after', `${alice}\n`],
  ['a leading zero byte', `1${alice}`],
  ['no checksum', base58Encode(Buffer.concat([Buffer.from([42]), key]))],
  ['a megabyte', '5'.repeat(1_000_000)],
])('refused: %s', (_, text) => {
  expect(parseHotkey(text)).toBeUndefined()
  expect(() => decodeHotkey(text)).toThrow(expect.objectContaining({ name: 'LevinError', code: 'CONFIG' }))
})

test('a key of another length has no hotkey', () => {
  expect(() => encodeHotkey(new Uint8Array(31))).toThrow(expect.objectContaining({ code: 'CONFIG' }))
})
