import { validateSync } from 'class-validator'
import { describe, expect, test } from 'vitest'
import { type BytesOptions, IsBytes } from '../../src/decorators/is-bytes.js'

function faults(options: BytesOptions | undefined, value: unknown): string[] {
  class Blob {
    @IsBytes(options) bytes: unknown
  }
  const found = validateSync(Object.assign(new Blob(), { bytes: value }))
  return found.flatMap(({ constraints }) => Object.values(constraints ?? {}))
}

describe('is binary', () => {
  test.each([[new Uint8Array(3)], [Buffer.from('abc')], [new Uint8Array()]])('%o', (value) =>
    expect(faults(undefined, value)).toEqual([]),
  )

  test.each([
    [undefined],
    [null],
    ['abc'],
    [[1, 2]],
    [{ length: 3 }],
    [new ArrayBuffer(3)],
    [new Uint16Array(3)],
    [7],
  ])('not %o', (value) => expect(faults(undefined, value)).toHaveLength(1))
})

test.each<[BytesOptions, number, boolean]>([
  [{ min: 2 }, 1, false],
  [{ min: 2 }, 2, true],
  [{ min: 2 }, 1_000_000, true],
  [{ max: 2 }, 2, true],
  [{ max: 2 }, 3, false],
  [{ max: 2 }, 0, true],
  [{ max: 0 }, 0, true],
  [{ max: 0 }, 1, false],
  [{ min: 32, max: 32 }, 31, false],
  [{ min: 32, max: 32 }, 32, true],
  [{ min: 32, max: 32 }, 33, false],
])('%j, %d bytes: %s', (options, size, fine) => {
  expect(faults(options, new Uint8Array(size))).toHaveLength(fine ? 0 : 1)
})

test('says the property and the range', () => {
  expect(faults({ min: 1, max: 2 }, '')).toEqual([expect.stringMatching(/^bytes .*from 1 to 2 bytes/)])
  expect(faults({ min: 1 }, '')).toEqual([expect.stringMatching(/^bytes .*at least 1 bytes/)])
})

test("takes class-validator's own options", () => {
  class Blobs {
    @IsBytes({ max: 1 }, { each: true, message: 'mine' }) all!: unknown[]
  }
  const check = (all: unknown[]) => validateSync(Object.assign(new Blobs(), { all }))
  expect(check([new Uint8Array(1), new Uint8Array(0)])).toEqual([])
  expect(check([new Uint8Array(1), new Uint8Array(2)])[0]!.constraints).toEqual({ isBytes: 'mine' })
})
