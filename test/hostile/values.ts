/** T12 to T14: what a validator may not send, and how slowly it may do it. */
import { figuresOf, grownMib, isServed, isWithin, lossesOf, underAttack } from './attack.js'
import type { Trial } from './means.js'

const GROWN = 64

const notesOf = (notes: readonly string[] | undefined): string => (notes ?? []).join(', ')

export const values: readonly Trial[] = [
  {
    id: 'T12',
    attack: '1,000,000 hostile frames and requests of random and damaged MessagePack',
    asked: 'nothing uncaught, none holds the loop for 50 ms, +64 MiB at most',
    async run(means) {
      const count = means.size(1_000_000, 20_000)
      const attacked = await underAttack(means, ({ port }) =>
        means.attacker('rogue-validator.js', { attack: 'frames', port, count }),
      )
      const [grown, longest] = [grownMib(attacked), attacked.longestMs[1]]
      return {
        ...figuresOf(attacked),
        measured: `longest standstill ${longest.toFixed(0)} ms, ${grown.toFixed(0)} MiB more; ${notesOf(attacked.sent.notes)}${lossesOf(attacked.during)}`,
        holds: isServed(attacked) && isWithin(means, grown, GROWN) && (means.isShort || longest <= 50),
      }
    },
  },
  {
    id: 'T13',
    attack: 'decode bombs, three of each',
    asked: 'each refused',
    async run(means) {
      const attacked = await underAttack(means, ({ port }) =>
        means.attacker('rogue-validator.js', { attack: 'bombs', port, count: 3 }),
      )
      const notes = attacked.sent.notes ?? []
      return {
        ...figuresOf(attacked),
        measured: `${notes.length} kinds, longest standstill ${attacked.longestMs[1].toFixed(0)} ms; ${notesOf(notes)}${lossesOf(attacked.during)}`,
        holds:
          isServed(attacked) &&
          notes.length > 0 &&
          notes.every((note) => note.includes('invalid request format')),
      }
    },
  },
]

export const slow: readonly Trial[] = [
  {
    id: 'T14',
    attack: '1,000 connections that send a byte in 5 s and prove nothing',
    asked: 'each gone 30 s after it came; +64 MiB at most',
    async run(means) {
      const count = means.size(1_000, 60)
      const attacked = await underAttack(
        means,
        ({ port }) => means.aioquic('slow-strangers', false, { port, count }),
        { minerArgs: means.isShort ? ['--stranger-timeout', '3'] : [] },
      )
      const { connections, closed } = attacked.sent
      const grown = grownMib(attacked)
      const left = attacked.last.connections.strangers
      return {
        ...figuresOf(attacked),
        measured: `${closed} of ${connections} ended by the miner, ${left} left, ${grown.toFixed(0)} MiB more${lossesOf(attacked.during)}`,
        holds: isServed(attacked) && connections > 0 && left === 0 && isWithin(means, grown, GROWN),
      }
    },
  },
  {
    id: 'T14',
    attack: '120 requests of a validator at a byte a second',
    asked: '+64 MiB at most',
    isLong: true,
    async run(means) {
      const count = means.size(60, 5)
      const attacked = await underAttack(means, ({ port }) =>
        means.attacker('rogue-validator.js', { attack: 'slow', port, count }),
      )
      const grown = grownMib(attacked)
      return {
        ...figuresOf(attacked),
        measured: `${notesOf(attacked.sent.notes)}, ${grown.toFixed(0)} MiB more${lossesOf(attacked.during)}`,
        holds: isServed(attacked) && isWithin(means, grown, GROWN),
      }
    },
  },
  {
    id: 'T14',
    attack: 'a validator that reads nothing of a stream of 64 MiB',
    asked: 'ended after 60 s without progress, and a quarter more; +64 MiB at most',
    knownToFail: { quiche: 'what the engine already has is not seen to wait' },
    async run(means) {
      const limit = means.size(60, 4)
      const attacked = await underAttack(
        means,
        ({ port }) => means.attacker('rogue-validator.js', { attack: 'never', port, count: 2 * limit }),
        { minerArgs: ['--progress-timeout', String(limit)] },
      )
      const isOver = attacked.last.calls.count?.running === 0
      const grown = grownMib(attacked)
      return {
        ...figuresOf(attacked),
        measured: `${isOver ? 'ended' : 'still there'} after ${2 * limit} s, ${grown.toFixed(0)} MiB more${lossesOf(attacked.during)}`,
        holds: isServed(attacked) && isOver && isWithin(means, grown, GROWN),
      }
    },
  },
]
