import { describe, expect, test } from 'vitest'
import { Allowance } from '../../../src/transport/quiche/allowance.js'

const MIB = 1024 * 1024

describe('an allowance', () => {
  test('leaves room for what packets have besides', () => {
    expect(new Allowance(64).room(13_500)).toBeLessThan(13_500 - 10 * 40)
    expect(new Allowance(64).room(13_500)).toBeGreaterThan(12_500)
    expect(new Allowance(64).room(40)).toBe(0)
  })

  test('is never more than a turn may send', () => {
    const allowance = new Allowance(64)
    const first = allowance.room(MIB)
    expect(first).toBe(64 * 1250)
    for (let i = 0; i < 63; i++) allowance.gave(i) // of a stream each, which takes a packet
    expect(allowance.room(MIB)).toBe(1250)
    allowance.packets -= 63
    allowance.sentAll()
    expect(allowance.room(MIB)).toBe(1250)
    allowance.packets--
    expect(allowance.room(MIB)).toBe(0)
    expect(allowance.renew()).toBe(true)
    expect(allowance.room(MIB)).toBe(first)
  })

  test('counts what was sent besides until something was heard', () => {
    const allowance = new Allowance(64)
    const before = allowance.room(13_500)
    allowance.gave(1000)
    allowance.sentAll()
    expect(allowance.room(13_500 - 1000)).toBeLessThan(before - 1000)
    allowance.heard()
    expect(allowance.room(13_500)).toBe(before)
  })
})
