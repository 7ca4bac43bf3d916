import { describe, expect, test } from 'vitest'
import { checkQuicOptions, defaultQuicOptions, type QuicOptions } from '../../src/transport/quic-options.js'

// The engine answers a number that it cannot take by ending the process: none may get that far.
const edges: [keyof QuicOptions, number, number][] = [
  ['idleTimeoutMs', 30_001, 3_600_000],
  ['keepAliveMs', 10, 149_999],
  ['maxPeerStreams', 0, 65_536],
  ['streamWindowBytes', 16_384, 3_670_016],
]

describe.each(edges)('%s', (name, least, most) => {
  const check = (value: number) => checkQuicOptions({ ...defaultQuicOptions, [name]: value })

  test('takes its edges', () => {
    expect(check(least)[name]).toBe(least)
    expect(check(most)[name]).toBe(most)
  })

  test.each([least - 1, most + 1, least + 0.5, -1, Number.NaN, Number.POSITIVE_INFINITY])(
    'refuses %d',
    (value) => {
      expect(() => check(value)).toThrow(expect.objectContaining({ code: 'CONFIG' }))
    },
  )
})
