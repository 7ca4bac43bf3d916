import { describe, expect, test } from 'vitest'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { type HalfOpenLimits, HalfOpenPool } from '../../src/transport/half-open.js'

function made(
  limits: Partial<HalfOpenLimits> = {},
  isKnown: (host: string) => boolean = () => false,
): { pool: HalfOpenPool; clock: FakeClock } {
  const clock = new FakeClock()
  return { pool: new HalfOpenPool(limits, isKnown, clock), clock }
}

/** How many of `count` connections get in, each staying half-open. */
const entered = (pool: HalfOpenPool, count: number, host: (i: number) => string): number =>
  Array.from({ length: count }, (_, i) => pool.enter(host(i))).filter(Boolean).length

/** How many of `count` connections get in, each done with TLS at once. */
function established(pool: HalfOpenPool, count: number, host: (i: number) => string): number {
  let passed = 0
  for (let i = 0; i < count; i++) {
    if (!pool.enter(host(i))) continue
    passed++
    pool.leave(host(i))
  }
  return passed
}

const one = () => '192.0.2.1'

describe('half-open connections', () => {
  test('8 of one source, and another when one of them is done', () => {
    const { pool } = made()
    expect(entered(pool, 20, one)).toBe(8)
    pool.leave(one())
    expect(entered(pool, 20, one)).toBe(1)
    expect(entered(pool, 1, () => '192.0.2.2')).toBe(1)
  })

  test('8 of one IPv6 /64, and of an IPv4 address however it is written', () => {
    const { pool } = made()
    expect(entered(pool, 20, (i) => `2001:db8::${i}`)).toBe(8)
    expect(entered(pool, 20, (i) => (i % 2 === 0 ? one() : `::ffff:${one()}`))).toBe(8)
  })

  test('64 of a source that somebody vouches for', () => {
    const { pool } = made({}, (host) => host === one())
    expect(entered(pool, 100, one)).toBe(64)
    expect(entered(pool, 100, () => '192.0.2.2')).toBe(8)
  })

  test('320 fill the pool', () => {
    const { pool } = made()
    entered(pool, 319, (i) => `192.0.${i >> 8}.${i & 255}`)
    expect(pool.hasRoom(one())).toBe(true)
    pool.enter('198.51.100.1')
    expect(pool.hasRoom(one())).toBe(false)
    expect(pool.size).toBe(320)
    pool.leave('198.51.100.1')
    expect(pool.hasRoom(one())).toBe(true)
  })

  test('a full pool has 40 places more for sources that somebody vouches for', () => {
    const { pool } = made({}, (host) => host.startsWith('198.51.100.'))
    entered(pool, 320, (i) => `192.0.${i >> 8}.${i & 255}`)
    expect(pool.hasRoom('203.0.113.1')).toBe(false)
    expect(pool.hasRoom('198.51.100.1')).toBe(true)
    expect(entered(pool, 40, (i) => `198.51.100.${i}`)).toBe(40)
    expect(pool.hasRoom('198.51.100.1')).toBe(false)
  })
})

describe('new connections', () => {
  test('30 in any minute of a stranger', () => {
    const { pool, clock } = made()
    expect(established(pool, 1, one)).toBe(1)
    clock.advance(30_000)
    expect(established(pool, 40, one)).toBe(29)
    clock.advance(29_999)
    expect(established(pool, 40, one)).toBe(0)
    clock.advance(1)
    expect(established(pool, 40, one)).toBe(1)
    clock.advance(30_000)
    expect(established(pool, 40, one)).toBe(29)
    expect(pool.size).toBe(0)
  })

  test('600 in a minute of a source that somebody vouches for, from then on', () => {
    const known = new Set<string>()
    const { pool, clock } = made({}, (host) => known.has(host))
    expect(established(pool, 700, one)).toBe(30)
    known.add(one())
    expect(established(pool, 700, one)).toBe(570)
    clock.advance(60_000)
    expect(established(pool, 700, one)).toBe(600)
  })

  test('one that is turned away for its half-open ones does not count', () => {
    const { pool } = made()
    for (let i = 0; i < 100; i++) entered(pool, 20, one)
    for (let i = 0; i < 8; i++) pool.leave(one())
    expect(established(pool, 100, one)).toBe(22)
  })
})

describe('limits', () => {
  const names = ['total', 'perSource', 'perKnownSource', 'newPerMinute', 'newPerMinuteKnown']

  test.each(names)('%s takes 1 and 65,536 and nothing beyond', (name) => {
    for (const value of [1, 65_536]) expect(() => made({ [name]: value })).not.toThrow()
    for (const value of [0, 65_537, 1.5, Number.NaN, -1]) {
      expect(() => made({ [name]: value })).toThrow(
        expect.objectContaining({ code: 'CONFIG', message: expect.stringContaining(`${name} is ${value}`) }),
      )
    }
  })

  test('an unknown one is refused by name', () => {
    const misspelt = { perIp: 9 } as Partial<HalfOpenLimits>
    expect(() => made(misspelt)).toThrow("there is no limit 'perIp'; there are total, perSource")
  })
})
