/** What a miner's HTTP doors let in: TCP, HTTP and JSON of strangers, beside a validator that comes by QUIC. */
import { type Attacked, figuresOf, grownMib, isServed, isWithin, lossesOf, underAttack } from './attack.js'
import { FULL, STEADY } from './honest.js'
import type { Means, Trial } from './means.js'

const GROWN_MIB = 32
/** Of its rate, what an honest validator keeps; as of a flood of datagrams. */
const RATE_KEPT = 0.5

interface HttpAttack {
  readonly attack: string
  readonly what: string
  readonly asked: string
  /** Of what the attacker does, and in a short run. */
  readonly count: readonly [number, number]
  /** Whether the miner did as it should, by what the attacker saw. */
  readonly holds: (attacked: Attacked, notes: readonly string[]) => boolean
}

const only =
  (pattern: RegExp) =>
  (_: Attacked, notes: readonly string[]): boolean =>
    notes.length > 0 && notes.every((note) => pattern.test(note))

const ATTACKS: readonly HttpAttack[] = [
  {
    attack: 'slow',
    what: '1,000 connections that send a byte a second, or nothing',
    asked: 'each ended by the miner',
    count: [1_000, 80],
    holds: ({ sent: { connections, closed } }) => connections > 0 && closed === connections,
  },
  {
    attack: 'signatures',
    what: '100,000 requests with wrong signatures, from 64 addresses',
    asked: 'each refused',
    count: [100_000, 4_000],
    holds: only(/^\d+ (401|429|503|closed)$/),
  },
  {
    attack: 'headers',
    what: '10,000 heads of 64 KiB',
    asked: 'each refused',
    count: [10_000, 400],
    holds: only(/^\d+ (400|413|431|closed)$/),
  },
  {
    attack: 'framings',
    what: 'messages of which two readers might not agree where they end, each with another one behind it',
    asked: 'none is run, nor what is behind',
    count: [20, 1],
    holds: (_, notes) => !notes.some((note) => note.startsWith('RUN')),
  },
  {
    attack: 'bodies',
    what: 'bodies of 1 GiB, with their length and in chunks',
    asked: 'each refused before 16 MiB of it are sent',
    count: [200, 16],
    holds: only(/^\d+ (4\d\d|closed) after less than 16 MiB/),
  },
  {
    attack: 'unread',
    what: '100 connections of a validator that asks for 64 KiB 200 times, and reads nothing',
    asked: 'what waits for it is bounded',
    count: [100, 20],
    holds: () => true,
  },
]

export const httpDoors: readonly Trial[] = ATTACKS.map(({ attack, what, asked, count, holds }) => ({
  id: 'HTTP',
  attack: what,
  asked: `${asked}; no more run than was asked; +${GROWN_MIB} MiB at most; a validator by QUIC keeps half its rate`,
  async run(means: Means) {
    const attacked = await underAttack(
      means,
      ({ port }) => means.attacker('http-attacker.js', { attack, port, count: means.size(...count) }),
      { minerArgs: ['--http'], pace: means.isShort ? STEADY : FULL },
    )
    const { before, during, sent, last } = attacked
    const notes = sent.notes ?? []
    const grown = grownMib(attacked)
    const kept = during.rate / before.rate
    const run = last.calls.counted?.answered ?? 0
    return {
      ...figuresOf(attacked),
      measured: `${notes.join(', ')}; ${run} of ${sent.asked} run; ${grown.toFixed(0)} MiB more, ${(100 * kept).toFixed(0)} % of the rate before${lossesOf(during)}`,
      holds:
        isServed(attacked) &&
        holds(attacked, notes) &&
        run === sent.asked &&
        isWithin(means, grown, GROWN_MIB) &&
        (means.isShort || kept >= RATE_KEPT),
    }
  },
}))
