import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ScaleReader } from '../../src/subtensor/scale.js'
import { compact, le, list } from './scale-writer.js'

const reader = (...bytes: number[]) => new ScaleReader(Uint8Array.from(bytes))
const U64_MAX = 2n ** 64n - 1n

/** Where a compact integer becomes longer, and one before and after. */
const edges = [6, 14, 30, 32, 40, 48, 56, 64]
  .flatMap((bits) => [2n ** BigInt(bits) - 1n, 2n ** BigInt(bits), 2n ** BigInt(bits) + 1n])
  .concat(0n, 1n)
  .filter((value) => value <= U64_MAX)

describe('compact integers', () => {
  test('of each length, at its edges', () => {
    for (const value of edges) {
      const read = new ScaleReader(compact(value))
      expect(read.compactU64()).toBe(value)
      read.end()
    }
  })

  test('any', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: U64_MAX }), (value) => {
        expect(new ScaleReader(compact(value)).compactU64()).toBe(value)
      }),
    )
  })

  test('up to 65,535 for a u16', () => {
    expect(new ScaleReader(compact(65_535)).compactU16()).toBe(65_535)
    expect(() => new ScaleReader(compact(65_536)).compactU16()).toThrow('65536 is no u16')
  })

  test('of more than 64 bits are refused', () => {
    expect(() => new ScaleReader(compact(2n ** 64n)).compactU64()).toThrow('9 bytes is no u64')
  })

  test('in a longer form than needed are refused', () => {
    const longer = [
      [0b01, 0],
      [0b10, 0, 0, 0],
      [0b11, 255, 255, 255, 0b0011_1111],
      [0b0000_0111, 1, 2, 3, 4, 0],
    ]
    for (const bytes of longer) expect(() => reader(...bytes).compactU64()).toThrow('shortest')
  })
})

test('fixed integers are little-endian', () => {
  const value = 0x0102030405060708090a0b0c0d0e0f10n
  expect(new ScaleReader(le(value, 16)).u128()).toBe(value)
  expect(new ScaleReader(le(U64_MAX, 8)).u64()).toBe(U64_MAX)
  expect(new ScaleReader(le(0xfffefdfc, 4)).u32()).toBe(0xfffefdfc)
  expect(new ScaleReader(le(0xfffe, 2)).u16()).toBe(0xfffe)
})

test('a bool is 0 or 1', () => {
  expect(reader(1, 0).bool()).toBe(true)
  expect(reader(0).bool()).toBe(false)
  expect(() => reader(2).bool()).toThrow('2 is no bool')
})

describe('a list', () => {
  test('of what its bytes hold', () => {
    const read = new ScaleReader(list([1, 70_000], (value) => le(value, 4)))
    expect(read.list(4, () => read.u32())).toEqual([1, 70_000])
    read.end()
  })

  test('whose count the bytes cannot hold is refused before its first item', () => {
    const read = new ScaleReader(Buffer.concat([compact(3), Buffer.alloc(11)]))
    expect(() => read.list(4, () => expect.fail('an item was read'))).toThrow(
      '3 items do not fit into 11 bytes',
    )
  })

  test('has at most 65,536 items', () => {
    const bytes = (count: number) => new ScaleReader(Buffer.concat([compact(count), Buffer.alloc(70_000)]))
    const most = bytes(65_536)
    expect(most.list(1, () => most.u8())).toHaveLength(65_536)
    const more = bytes(65_537)
    expect(() => more.list(1, () => more.u8())).toThrow('more than 65536')
  })
})

test('what breaks off and what is left over are errors of the peer', () => {
  expect(() => reader(1).u16()).toThrow(expect.objectContaining({ code: 'PROTOCOL' }))
  expect(() => reader(1).end()).toThrow('at byte 0 of 1: 1 bytes are left over')
})
