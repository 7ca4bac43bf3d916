/** T6, T8 and T11: datagrams of strangers. */
import { figuresOf, grownMib, isServed, isWithin, lossesOf, underAttack } from './attack.js'
import { FULL, STEADY } from './honest.js'
import type { Trial } from './means.js'

/** A share that a machine with other work on it can still keep. */
const RATE_KEPT = 0.5
const RATE = 20_000
/** A port at which nobody is: discard's. */
const NOBODY = 9
const KINDS = {
  byte: 'one byte each',
  noise: 'random bytes',
  initial: 'random first packets',
  hello: "a client's first packet, without a token",
} as const

export const spoofed: Trial = {
  id: 'T6',
  attack: "100,000 first packets from addresses that are not the sender's",
  asked: 'at most 0.1 bytes out for each byte in; no state',
  async run(means) {
    const count = means.size(100_000, 20_000)
    const attacked = await underAttack(means, ({ port }) =>
      means.attacker('flood.js', { kind: 'hello', port, count }),
    )
    const { network } = attacked
    const ratio = (network.bytesOut - attacked.honestBytes) / (network.bytesIn - attacked.honestBytes)
    return {
      ...figuresOf(attacked),
      measured: `${ratio.toFixed(3)} bytes out for each in, ${network.halfOpen} half-open${lossesOf(attacked.during)}`,
      holds: isServed(attacked) && ratio <= 0.1 && network.halfOpen === 0,
    }
  },
}

export const floods: readonly Trial[] = Object.entries(KINDS).map(([kind, what]) => ({
  id: 'T8',
  attack: `20,000 datagrams a second for 30 s: ${what}`,
  asked: 'no crash; an established validator keeps half its rate',
  isLong: kind !== 'hello',
  async run(means) {
    const flood = (port: number, seconds: number) =>
      means.attacker('flood.js', { kind, port, rate: RATE, count: RATE * seconds })
    const attacked = await underAttack(means, ({ port }) => flood(port, means.size(30, 1.5)), {
      pace: means.isShort ? STEADY : FULL,
      elsewhere: () => flood(NOBODY, means.size(10, 1.5)),
    })
    const { before, during, network, sent } = attacked
    const kept = during.rate / before.rate
    return {
      ...figuresOf(attacked),
      measured: `${(100 * kept).toFixed(0)} % of the rate beside the same flood at a closed port; ${sent.notes?.join(', ')}, ${network.dropped.crowded} of them not looked at${lossesOf(during)}`,
      holds: isServed(attacked) && (means.isShort || kept >= RATE_KEPT),
    }
  },
}))

export const mutated: Trial = {
  id: 'T11',
  attack: '1,000,000 packets of a client, changed here and there',
  asked: 'no crash, no standstill of 100 ms, +32 MiB at most',
  async run(means) {
    const count = means.size(1_000_000, 40_000)
    const attacked = await underAttack(means, ({ port }) =>
      means.attacker('flood.js', { kind: 'mutated', port, count }),
    )
    const longest = attacked.longestMs[1]
    const grown = grownMib(attacked)
    return {
      ...figuresOf(attacked),
      measured: `longest standstill ${longest.toFixed(0)} ms, ${grown.toFixed(0)} MiB more${lossesOf(attacked.during)}`,
      holds: isServed(attacked) && isWithin(means, grown, 32) && (means.isShort || longest <= 100),
    }
  },
}
