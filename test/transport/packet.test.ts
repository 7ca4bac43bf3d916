import { expect, test } from 'vitest'
import { destinationKey, parseLongHeader, QUIC_V1 } from '../../src/transport/packet.js'

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

test.each([0, 1, 5, 6, 7, 8, 14])('makes nothing of %d bytes of a header', (length) => {
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
