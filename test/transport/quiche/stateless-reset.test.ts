import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { StatelessResets } from '../../../src/transport/quiche/stateless-reset.js'

const secret = Buffer.alloc(32, 7)
const id = Buffer.from('0102030405060708', 'hex')
const local = { host: '0.0.0.0', port: 8091 }

function made(): { resets: StatelessResets; clock: FakeClock } {
  const clock = new FakeClock()
  return { resets: new StatelessResets(secret, () => local, clock), clock }
}

function shortPacket(bytes: number): Buffer {
  return Buffer.concat([Buffer.from([0x41]), id, Buffer.alloc(bytes)]).subarray(0, bytes)
}

describe('a token', () => {
  test('is 16 bytes, and the same after a restart with the same secret', () => {
    expect(made().resets.tokenOf(id)).toHaveLength(16)
    expect(made().resets.tokenOf(id)).toEqual(made().resets.tokenOf(id))
  })

  test('is another for another connection, another secret, and a miner elsewhere', () => {
    const { resets } = made()
    const others = [
      resets.tokenOf(Buffer.from('0102030405060709', 'hex')),
      new StatelessResets(Buffer.alloc(32, 8), () => local, new FakeClock()).tokenOf(id),
      new StatelessResets(secret, () => ({ ...local, port: 8092 }), new FakeClock()).tokenOf(id),
      new StatelessResets(secret, () => ({ ...local, host: '192.0.2.1' }), new FakeClock()).tokenOf(id),
    ]
    for (const other of others) expect(other.equals(resets.tokenOf(id))).toBe(false)
  })

  test.each([0, 31, 33])('is refused a secret of %d bytes', (length) => {
    expect(() => new StatelessResets(Buffer.alloc(length), () => local, new FakeClock())).toThrow(
      expect.objectContaining({
        code: 'CONFIG',
        message: expect.stringContaining(`resetSecret has ${length} bytes`),
      }),
    )
  })
})

describe('a reset', () => {
  test.each([
    [29, 28],
    [30, 29],
    [43, 42],
    [44, 42],
    [1500, 42],
  ])('for %d bytes has %d, looks like a short packet, and ends with the token', (trigger, length) => {
    const { resets } = made()
    const reset = resets.answer(shortPacket(trigger), '192.0.2.1')!
    expect(reset).toHaveLength(length)
    expect(reset[0]! & 0xc0).toBe(0x40)
    expect(reset.subarray(-16).equals(resets.tokenOf(id))).toBe(true)
  })

  test('is never the same twice but for its token', () => {
    const { resets } = made()
    const [one, other] = [resets.answer(shortPacket(43), 'a')!, resets.answer(shortPacket(43), 'a')!]
    expect(one.subarray(1, -16).equals(other.subarray(1, -16))).toBe(false)
  })

  test.each([
    ['28 bytes, which no packet of ours has', shortPacket(28)],
    ['a long header', Buffer.concat([Buffer.from([0xc1]), randomBytes(99)])],
    ['a packet without the fixed bit', Buffer.concat([Buffer.from([0x01]), randomBytes(99)])],
  ])('is not sent for %s', (_name, datagram) => {
    expect(made().resets.answer(datagram, '192.0.2.1')).toBeUndefined()
  })
})

describe('in a second', () => {
  const answers = (resets: StatelessResets, count: number, host: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => resets.answer(shortPacket(60), host(i))).filter(Boolean).length

  test('a source gets 10, and 10 more in the next', () => {
    const { resets, clock } = made()
    expect(answers(resets, 50, () => '192.0.2.1')).toBe(10)
    expect(answers(resets, 1, () => '192.0.2.2')).toBe(1)
    clock.advance(999)
    expect(answers(resets, 50, () => '192.0.2.1')).toBe(0)
    clock.advance(1)
    expect(answers(resets, 50, () => '192.0.2.1')).toBe(10)
  })

  test('an IPv6 /64 is one source', () => {
    expect(answers(made().resets, 50, (i) => `2001:db8::${i.toString(16)}`)).toBe(10)
  })

  test('all sources together get 100', () => {
    const { resets, clock } = made()
    expect(answers(resets, 500, (i) => `192.0.2.${i % 250}`)).toBe(100)
    clock.advance(1000)
    expect(answers(resets, 500, (i) => `192.0.2.${i % 250}`)).toBe(100)
  })
})
