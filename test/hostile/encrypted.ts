/** What T9 and T11 have for who completed TLS: packets under a connection's own keys. */
import {
  type Attacked,
  figuresOf,
  grownMib,
  isQuick,
  isServed,
  isWithin,
  lossesOf,
  underAttack,
} from './attack.js'
import { type Means, type Trial, UNPINNED_HOST } from './means.js'

/** Of T9, in MiB. */
const BEFORE_AUTHENTICATION = 32
const AFTER_AUTHENTICATION = 512

interface Hole {
  /** Of aioquic's program. */
  readonly attack: string
  readonly what: string
  /** Packets, and of them in a short run. */
  readonly count: readonly [number, number]
  readonly knownToFail?: Trial['knownToFail']
}

const HOLES: readonly Hole[] = [
  { attack: 'crypto-gaps', what: 'CRYPTO gaps after TLS (CVE-2024-1765)', count: [20_000, 2_000] },
  { attack: 'stream-gaps', what: 'STREAM gaps, 1 byte each', count: [20_000, 2_000] },
  {
    attack: 'challenges',
    what: 'PATH_CHALLENGE without acknowledgements (CVE-2023-6193)',
    count: [20_000, 2_000],
  },
  {
    attack: 'retirements',
    what: 'ids to retire without acknowledgements (CVE-2024-1410)',
    count: [20_000, 2_000],
  },
  {
    attack: 'pings-from-everywhere',
    what: 'a source port for each packet (CVE-2026-12707)',
    count: [20_000, 2_000],
  },
]

const trialOf =
  (isValidator: boolean) =>
  ({ attack, what, count, knownToFail = {} }: Hole): Trial => ({
    id: 'T9',
    attack: `${what}, by ${isValidator ? 'a validator' : 'a stranger'}`,
    asked: `no hang; +${isValidator ? AFTER_AUTHENTICATION : BEFORE_AUTHENTICATION} MiB at most; p99 of others at most doubled`,
    knownToFail,
    // who is admitted may do more, so that a short run tries that
    isLong: !isValidator,
    async run(means) {
      const attacked = await underAttack(means, ({ port }) =>
        means.aioquic(attack, isValidator, { port, count: means.size(...count) }),
      )
      return judge(means, attacked, isValidator)
    },
  })

function judge(means: Means, attacked: Attacked, isValidator: boolean) {
  const grown = grownMib(attacked)
  const { closed, received } = attacked.sent
  const limit = isValidator ? AFTER_AUTHENTICATION : BEFORE_AUTHENTICATION
  return {
    ...figuresOf(attacked),
    measured: `${describe(attacked)}${grown.toFixed(0)} MiB more, ${sizeOf(received)} sent back${closed > 0 ? ', then closed' : ''}${lossesOf(attacked.during)}`,
    holds: isServed(attacked) && isWithin(means, grown, limit) && (means.isShort || isQuick(attacked)),
  }
}

export const holes: readonly Trial[] = [...HOLES.map(trialOf(false)), ...HOLES.map(trialOf(true))]

const ACKS = [
  ['acks-of-nothing', 'acknowledges an answer of 6.5 GB that it does not read (CVE-2025-4820)'],
  ['acks-ahead', 'acknowledges what was never sent (CVE-2025-4821)'],
] as const

/** What a sender may send for each byte that it gets: a download's acknowledgements are a fiftieth of it. */
const DOWNLOAD_RATIO = 100

export const optimistic: readonly Trial[] = ACKS.map(([attack, what]) => ({
  id: 'T9',
  attack: `a validator ${what}`,
  isLong: attack === 'acks-ahead',
  asked: `closed, or at most ${DOWNLOAD_RATIO} bytes out for each byte in; +${AFTER_AUTHENTICATION} MiB at most`,
  knownToFail: { quiche: 'quiche 0.18 believes any acknowledgement' },
  async run(means) {
    const count = means.size(4_000, 500)
    const attacked = await underAttack(means, ({ port }) => means.aioquic(attack, true, { port, count }))
    const finding = judge(means, attacked, true)
    const { bytesOut } = attacked.network
    const ratio = (bytesOut - attacked.honestBytes) / attacked.sent.bytes
    const isBounded = attacked.sent.closed > 0 || ratio <= DOWNLOAD_RATIO
    return {
      ...finding,
      measured: `${ratio.toFixed(0)} bytes out for each in; ${finding.measured}`,
      holds: finding.holds && isBounded,
    }
  },
}))

/** The attack that quiche 0.18 does not survive, with and without what keeps it away. */
export const secondPort: readonly Trial[] = [
  {
    id: 'T9',
    attack: 'packets from a second port (CVE-2025-7054), the address filter on',
    asked: 'no hang; the packets are dropped',
    async run(means) {
      const attacked = await attackFromSecondPort(means, true)
      const { pinned } = attacked.network.dropped
      return {
        ...figuresOf(attacked),
        measured: `${describe(attacked)}${pinned} dropped${lossesOf(attacked.during)}`,
        holds: isServed(attacked) && pinned > 0,
      }
    },
  },
  {
    id: 'T9',
    attack: 'the same with the address filter off, by a switch of this suite',
    asked: 'a hang: it shows that the attack is one',
    engines: ['quiche'],
    async run(means) {
      const attacked = await attackFromSecondPort(means, false)
      return {
        ...figuresOf(attacked),
        measured: attacked.down ?? 'no hang',
        holds: attacked.down === 'hangs',
      }
    },
  },
]

/** With the filter off there is one connection, since the listener is told of one port alone. */
function attackFromSecondPort(means: Means, isPinned: boolean): Promise<Attacked> {
  const count = isPinned ? 5 : 1
  return underAttack(
    means,
    ({ port }) => means.aioquic('second-port', false, { port, count, host: UNPINNED_HOST }),
    { minerArgs: isPinned ? [] : ['--unpinned'] },
  )
}

export const rubbish: Trial = {
  id: 'T11',
  attack: '100,000 well encrypted frames with numbers of all sizes',
  asked: 'no crash, no standstill of 100 ms, +32 MiB at most',
  async run(means) {
    const count = means.size(100_000, 5_000)
    const attacked = await underAttack(means, ({ port }) => means.aioquic('rubbish', false, { port, count }))
    const [grown, longest] = [grownMib(attacked), attacked.longestMs[1]]
    return {
      ...figuresOf(attacked),
      measured: `${attacked.sent.connections} connections, longest standstill ${longest.toFixed(0)} ms, ${grown.toFixed(0)} MiB more${lossesOf(attacked.during)}`,
      holds: isServed(attacked) && isWithin(means, grown, 32) && (means.isShort || longest <= 100),
    }
  },
}

const describe = ({ down }: Attacked): string => (down === undefined ? '' : `${down}; `)

const sizeOf = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} KB` : `${(bytes / 1e6).toFixed(0)} MB`
