/** Compact integers and their edges. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ScaleReader, ScaleWriter } from '../../../src/testing/chain/scale.js'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test.each([
  ['0', '00'],
  ['1', '04'],
  ['63', 'fc'],
  ['64', '0101'],
  ['16383', 'fdff'],
  ['16384', '02000100'],
  ['1073741823', 'feffffff'],
  ['1073741824', '0300000040'],
  ['4294967295', '03ffffffff'],
  ['4294967296', '070000000001'],
  ['18446744073709551615', '13ffffffffffffffff'],
])('%s is %s', (value, encoded) => {
  expect(hex(new ScaleWriter().compact(BigInt(value)).done())).toBe(encoded)
  if (BigInt(value) <= Number.MAX_SAFE_INTEGER) {
    expect(hex(new ScaleWriter().compact(Number(value)).done())).toBe(encoded)
  }
})

test('what is written is read again', () => {
  const part = fc.oneof(
    fc.record({ kind: fc.constant('compact' as const), value: fc.nat({ max: 2 ** 50 }) }),
    fc.record({ kind: fc.constant('uint' as const), value: fc.nat({ max: 2 ** 31 }) }),
    fc.record({ kind: fc.constant('raw' as const), value: fc.uint8Array({ maxLength: 700 }) }),
  )
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const to = new ScaleWriter()
      for (const { kind, value } of parts) {
        if (kind === 'compact') to.compact(value)
        else if (kind === 'uint') to.uint(value, 8)
        else to.bytes(value)
      }
      const from = new ScaleReader(to.done())
      for (const { kind, value } of parts) {
        if (kind === 'compact') expect(from.compact()).toBe(value)
        else if (kind === 'uint') expect(from.uint(8)).toBe(value)
        else expect(from.raw(from.compact())).toEqual(Buffer.from(value))
      }
      expect(from.left).toBe(0)
    }),
  )
})

test('nothing is read beyond the end', () => {
  const from = new ScaleReader(Uint8Array.of(1, 2))
  expect(() => from.raw(3)).toThrow(RangeError)
  expect(() => new ScaleReader(Uint8Array.of(2)).compact()).toThrow(RangeError)
})
