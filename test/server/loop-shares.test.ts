import { describe, expect, test } from 'vitest'
import { GONE_MS, LoopShare, LoopShares, MOST_PAUSE_MS, pauseMs } from '../../src/server/loop-shares.js'

describe('the pause', () => {
  const greedy = { validators: 2, ownMs: 90, allMs: 100, theirRequests: 1000 }
  test.each<[string, number, number, Parameters<typeof pauseMs>[2], number]>([
    ['none for who took an equal part', 0.1, 1, { ...greedy, ownMs: 50 }, 0],
    ['three times as long as the slice for who took more', 0.1, 1.2, { ...greedy, ownMs: 51 }, 3.6],
    ['among many, an equal part is smaller', 0.1, 1, { ...greedy, validators: 10, ownMs: 11 }, 3],
    ['none for who took that', 0.1, 1, { ...greedy, validators: 10, ownMs: 10 }, 0],
    ['longer after a request that took longer', 5, 5, greedy, 40],
    ['16 times as long at most', 30, 30, greedy, 480],
    ['a second at most', 250, 250, greedy, MOST_PAUSE_MS],
    ['which weighs more', 5, 5, { ...greedy, ownMs: 6.3 }, 40],
    ['so much', 5, 5, { ...greedy, ownMs: 6.2 }, 0],
    ['no longer where the others take as long', 10, 10, { ...greedy, allMs: 120, theirRequests: 3 }, 30],
    ['none when nobody else took any', 0.1, 1, { validators: 1, ownMs: 5, allMs: 10, theirRequests: 0 }, 0],
  ])('%s', (_, ms, stretchMs, lately, pause) => expect(pauseMs(ms, stretchMs, lately)).toBeCloseTo(pause))
})

describe('a slice', () => {
  test('is had again by leaving the loop to others, or with the next turn', () => {
    const shares = new LoopShares()
    const share = new LoopShare()
    shares.took(share, 0, 0.6)
    expect(shares.hadSlice(share, 0.6)).toBe(false)
    shares.took(share, 0.6, 1.2)
    expect(shares.hadSlice(share, 1.2)).toBe(true)
    expect(shares.hadSlice(share, 1.5)).toBe(false)
    shares.took(share, 1.5, 2)
    expect(shares.hadSlice(share, 2)).toBe(true)
    shares.newSlice(share)
    expect(shares.hadSlice(share, 2)).toBe(false)
  })

  test('is used by bytes of a request, too', () => {
    const shares = new LoopShares()
    const share = new LoopShare()
    shares.read(share, 0, 256 * 1024)
    expect(shares.hadSlice(share, 0)).toBe(false)
    shares.read(share, 0, 256 * 1024)
    expect(shares.hadSlice(share, 0)).toBe(true)
    expect(share).toMatchObject({ ms: 1, requests: 0 })
  })
})

describe('a pause', () => {
  test('is for who has rivals, and ends when they are gone', () => {
    const shares = new LoopShares()
    const [alone, rival] = [new LoopShare(), new LoopShare()]
    shares.took(alone, 0, 30)
    expect(shares.pausesMs(alone, 30)).toBe(0)
    shares.asks(rival, 90)
    shares.took(alone, 100, 130)
    expect(shares.pausesMs(alone, 130)).toBeCloseTo(480)
    expect(shares.pausesMs(alone, 160)).toBeCloseTo(450)
    expect(shares.pausesMs(rival, 160)).toBe(0)
    expect(shares.pausesMs(alone, 90 + GONE_MS)).toBe(0)
  })

  test('is for nobody beside whom all others pause: the loop would be idle', () => {
    const shares = new LoopShares()
    const [heavy, busy, third] = [new LoopShare(), new LoopShare(), new LoopShare()]
    shares.took(busy, 0, 10)
    shares.took(heavy, 10, 40)
    expect(shares.pausesMs(heavy, 40)).toBeGreaterThan(0)
    shares.asks(heavy, 40)
    shares.took(busy, 40, 60)
    expect(shares.pausesMs(busy, 60)).toBe(0)
    shares.asks(third, 60)
    shares.took(busy, 60, 80)
    expect(shares.pausesMs(busy, 80)).toBeGreaterThan(0)
  })
})

// ---- simulation

interface Kind {
  /** Milliseconds of the loop that each request takes. */
  readonly ms: number
  /** Requests that it always has under way. */
  readonly inFlight: number
  /** Milliseconds from an answer to the next request. */
  readonly away: number
}

interface Had {
  readonly answered: number
  readonly ms: number
  readonly p99Ms: number
}

/** Validators that ask as fast as they can, on one loop, for so long. Each turn reads what has come by then. */
function simulate(kinds: readonly Kind[], forMs: number, isFair = true): Had[] {
  const shares = new LoopShares()
  const all = kinds.map((kind) => ({
    kind,
    share: new LoopShare(),
    coming: Array.from({ length: kind.inFlight }, () => kind.away),
    waiting: [] as number[],
    late: [] as number[],
    ms: 0,
  }))
  let now = 0
  while (now < forMs) {
    let worked = false
    for (const one of all) {
      const { kind, share, waiting } = one
      const come = one.coming.filter((at) => at <= now)
      one.coming = one.coming.filter((at) => at > now)
      for (const at of come) {
        shares.asks(share, now)
        waiting.push(at)
      }
      shares.newSlice(share)
      const mayGoOn = () => !isFair || (!shares.hadSlice(share, now) && shares.pausesMs(share, now) === 0)
      while (waiting.length > 0 && mayGoOn()) {
        worked = true
        const begin = now
        now += kind.ms
        one.ms += kind.ms
        shares.took(share, begin, now)
        one.late.push(now - waiting.shift()! + kind.away)
        one.coming.push(now + kind.away)
      }
    }
    if (!worked) now += 0.05
  }
  return all.map(({ late, ms }) => {
    late.sort((a, b) => a - b)
    return { answered: late.length, ms, p99Ms: late[Math.floor(late.length * 0.99)] ?? 0 }
  })
}

const LIGHT: Kind = { ms: 0.03, inFlight: 8, away: 0.2 }
const FOR_MS = 20_000

describe('simulated', () => {
  const [before] = simulate([LIGHT], FOR_MS)

  test.each<[string, Kind]>([
    ['5 ms', { ms: 5, inFlight: 128, away: 1 }],
    ['30 ms', { ms: 30, inFlight: 128, away: 1 }],
    ['250 ms', { ms: 250, inFlight: 128, away: 1 }],
    ['the smallest', { ms: 0.03, inFlight: 128, away: 0.2 }],
  ])('beside one that sends its worst, another keeps half its rate: requests of %s', (_, rogue) => {
    const [light] = simulate([LIGHT, rogue], FOR_MS)
    expect(light!.answered).toBeGreaterThanOrEqual(0.49 * before!.answered)
  })

  test('and its p99 is at most three times what it was, where requests take 5 ms and more', () => {
    for (const ms of [5, 30, 250]) {
      const [light] = simulate([LIGHT, { ms, inFlight: 128, away: 1 }], FOR_MS)
      expect(light!.p99Ms, `${ms} ms`).toBeLessThanOrEqual(3 * before!.p99Ms)
    }
  })

  test('without the rules neither holds', () => {
    const [light] = simulate([LIGHT, { ms: 30, inFlight: 128, away: 1 }], FOR_MS, false)
    expect(light!.answered).toBeLessThan(before!.answered / 10)
    expect(light!.p99Ms).toBeGreaterThan(100 * before!.p99Ms)
  })

  test('equals have equal parts, and the loop is used', () => {
    for (const ms of [0.03, 2, 10]) {
      const had = simulate(Array(4).fill({ ms, inFlight: 32, away: 0.2 }), FOR_MS)
      const used = had.reduce((sum, one) => sum + one.ms, 0)
      expect(used, `${ms} ms`).toBeGreaterThan(0.95 * FOR_MS)
      for (const one of had) expect(one.ms / used, `${ms} ms`).toBeCloseTo(0.25, 1)
    }
  })

  test('nobody is locked out: one that takes more than its part has the loop all the same', () => {
    const [, heavy] = simulate([LIGHT, { ms: 30, inFlight: 128, away: 1 }], FOR_MS)
    expect(heavy!.answered).toBeGreaterThan(FOR_MS / 1000)
  })
})
