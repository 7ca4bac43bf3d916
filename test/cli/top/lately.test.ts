import { describe, expect, test } from 'vitest'
import { Lately, quantileMs, sumOf } from '../../../src/cli/top/lately.js'
import type { Now } from '../../../src/monitor/now.js'

const boundsMs = [1, 10]
/** What a process told when so many calls were counted. */
const told = (atMs: number, counts: number[]) =>
  ({ atMs, validator: { synapses: [{ latency: { boundsMs, counts, sumMs: 0 } }] } }) as unknown as Now
const histogramOf = ({ validator }: Now) => validator!.synapses[0]!.latency
const callsOf = (now: Now) => histogramOf(now).counts.reduce((sum, count) => sum + count, 0)

describe('rates', () => {
  test('are of the last three seconds', () => {
    const lately = new Lately()
    lately.add(told(0, [0, 0, 0]))
    expect(lately.perSecond(callsOf)).toBeUndefined()
    lately.add(told(1000, [50, 0, 0]))
    expect(lately.perSecond(callsOf)).toBe(50)
    for (const atMs of [2000, 3000, 4000, 5000]) lately.add(told(atMs, [50, 0, 0]))
    expect(lately.perSecond(callsOf)).toBe(0)
  })

  test('begin anew when another process is there', () => {
    const lately = new Lately()
    lately.add(told(9000, [100, 0, 0]))
    lately.add(told(100, [3, 0, 0]))
    expect(lately.perSecond(callsOf)).toBeUndefined()
    lately.add(told(1100, [5, 0, 0]))
    expect(lately.perSecond(callsOf)).toBe(2)
  })
})

describe('latencies', () => {
  test('are of the last half minute, and of all when there were no calls', () => {
    const lately = new Lately()
    lately.add(told(0, [1000, 0, 0]))
    lately.add(told(10_000, [1000, 10, 0]))
    expect(lately.latency(histogramOf).p50Ms).toBe(5.5)
    lately.add(told(60_000, [1000, 10, 0]))
    expect(lately.latency(histogramOf).p50Ms).toBeLessThan(1)
  })

  test('are read within a bucket, and of what is above all buckets are the last bound', () => {
    expect(quantileMs(0.5, { boundsMs, counts: [0, 2, 0] })).toBe(5.5)
    expect(quantileMs(0.99, { boundsMs, counts: [0, 0, 7] })).toBe(10)
    expect(quantileMs(0.5, { boundsMs, counts: [0, 0, 0] })).toBeUndefined()
  })

  test('of several synapses are added up, also when some were never called', () => {
    const one = { boundsMs, counts: [1, 2, 3] }
    expect(sumOf([one, undefined, one])?.counts).toEqual([2, 4, 6])
    expect(sumOf([undefined])).toBeUndefined()
  })
})
