import { expect, test } from 'vitest'
import { HandshakeRate } from '../../src/server/handshake-rate.js'
import { FakeClock } from '../../src/testing/fake-clock.js'

function rate(perMinute = 30) {
  const clock = new FakeClock()
  return { clock, rate: new HandshakeRate(perMinute, clock) }
}

const times = (n: number, run: () => unknown): unknown[] => Array.from({ length: n }, run)

test('30 attempts in a sliding minute, and not the 31st', () => {
  const { clock, rate: tried } = rate()
  for (let n = 1; n <= 30; n++) {
    expect(tried.attempt('192.0.2.1')).toEqual({ allowed: true, rate: n })
    clock.advance(1000)
  }
  expect(tried.attempt('192.0.2.1')).toEqual({ allowed: false, rate: 31 })
  clock.advance(29_999)
  expect(tried.attempt('192.0.2.1').allowed).toBe(false)
  clock.advance(1)
  expect(tried.attempt('192.0.2.1')).toEqual({ allowed: true, rate: 30 })
  expect(tried.attempt('192.0.2.1').allowed).toBe(false)
})

test('an address that is refused is not locked out for longer by trying on', () => {
  const { clock, rate: tried } = rate()
  times(1000, () => tried.attempt('192.0.2.1'))
  clock.advance(60_000)
  expect(tried.attempt('192.0.2.1')).toEqual({ allowed: true, rate: 1 })
})

test('addresses count apart; an IPv6 network counts as one, and so does an IPv4 address in IPv6', () => {
  const { rate: tried } = rate(1)
  const hosts = [
    '192.0.2.1',
    '::ffff:192.0.2.1',
    '192.0.2.2',
    '2001:db8::1',
    '2001:db8::ffff:1',
    '2001:db8:0:1::1',
  ]
  expect(hosts.map((host) => tried.attempt(host).allowed)).toEqual([true, false, true, true, false, true])
})

test('where a validator is, ten times as many, and for an hour after it left', () => {
  const { clock, rate: tried } = rate()
  tried.arrived('192.0.2.1')
  tried.arrived('192.0.2.1')
  clock.advance(86_400_000)
  expect(times(300, () => tried.attempt('192.0.2.1').allowed)).not.toContain(false)
  expect(tried.attempt('192.0.2.1').allowed).toBe(false)
  tried.left('192.0.2.1')
  clock.advance(3_600_000)
  expect(tried.isKnown('192.0.2.1')).toBe(true) // the other connection is still there
  tried.left('192.0.2.1')
  clock.advance(3_600_000 - 1)
  expect(tried.isKnown('192.0.2.1')).toBe(true)
  clock.advance(1)
  expect(tried.isKnown('192.0.2.1')).toBe(false)
})
