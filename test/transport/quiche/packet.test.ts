import { describe, expect, test } from 'vitest'
import {
  destinationKey,
  hasShortHeader,
  parseLongHeader,
  QUIC_V1,
} from '../../../src/transport/quiche/packet.js'

/** RFC 9001, appendix A.2: the header of a client's Initial, before header protection. */
const initial = Buffer.concat([
  Buffer.from('c300000001088394c8f03e5157080000449e00000002', 'hex'),
  Buffer.alloc(1180),
])

test('reads the header of an Initial', () => {
  expect(parseLongHeader(initial)).toMatchObject({ version: QUIC_V1, isInitial: true, scid: Buffer.alloc(0) })
  expect(parseLongHeader(initial)?.dcid.toString('hex')).toBe('8394c8f03e515708')
  expect(Buffer.from(destinationKey(initial)!, 'latin1').toString('hex')).toBe('8394c8f03e515708')
})

test('knows an Initial from other long packets', () => {
  for (const first of [0xd3, 0xe3, 0xf3]) {
    const other = Buffer.from(initial)
    other[0] = first
    expect(parseLongHeader(other)?.isInitial).toBe(false)
  }
})

test('reads the ids of versions that it does not know', () => {
  const future = Buffer.from(initial)
  future.writeUInt32BE(0x0a1a2a3a, 1)
  expect(parseLongHeader(future)).toMatchObject({ version: 0x0a1a2a3a, isInitial: false })
})

test('takes the first 8 bytes of a short packet as its destination', () => {
  const short = Buffer.from('40aabbccddeeff00112233', 'hex')
  expect(Buffer.from(destinationKey(short)!, 'latin1').toString('hex')).toBe('aabbccddeeff0011')
})

test.each([0, 1, 5, 6, 7, 8, 14, 15])('makes nothing of %d bytes of a header', (length) => {
  const cut = initial.subarray(0, length)
  expect(parseLongHeader(cut)).toBeUndefined()
  if (length < 14) expect(destinationKey(cut)).toBeUndefined()
})

test('refuses connection ids longer than version 1 has', () => {
  const long = Buffer.from(initial)
  long[5] = 21
  expect(destinationKey(long)).toBeUndefined()
  expect(parseLongHeader(long)).toBeUndefined()
})

test('knows a short header from a long one', () => {
  expect(hasShortHeader(Buffer.from([0x40]))).toBe(true)
  expect(hasShortHeader(initial)).toBe(false)
})

describe('the token of an Initial', () => {
  const head = initial.subarray(0, 15)
  const token = Buffer.from('a token')
  const withToken = (...parts: (string | Buffer)[]): Buffer =>
    Buffer.concat([
      head,
      ...parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'hex') : part)),
    ])

  test('is empty where there is none', () => {
    expect(parseLongHeader(initial)?.token).toEqual(Buffer.alloc(0))
  })

  // RFC 9000, section 16: a length may be written longer than it needs to be.
  test.each(['07', '4007', '80000007', 'c000000000000007'])('is read behind the length %s', (length) => {
    expect(parseLongHeader(withToken(length, token, '449e00'))?.token.toString()).toBe('a token')
    expect(parseLongHeader(withToken(length, token))?.token.toString()).toBe('a token')
    expect(parseLongHeader(withToken(length, token.subarray(1)))).toBeUndefined()
  })

  test.each(['', '08', '40', '4008', '800000', '80000008', 'bfffffff', 'c0000000000007', 'ffffffffffffffff'])(
    'is refused where its length %o and what follows do not fit',
    (length) => {
      expect(parseLongHeader(withToken(length, length === '' ? '' : token))).toBeUndefined()
    },
  )

  test('is not looked for in other packets', () => {
    const handshake = withToken('ffffffffffffffff')
    handshake[0] = 0xe3
    expect(parseLongHeader(handshake)?.token).toEqual(Buffer.alloc(0))
  })
})
