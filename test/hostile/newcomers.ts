/** T7, and what T9 has for strangers: connections that never come to be. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Axon, seedSigner, silentLogger, Validator } from 'levin'
import { quantile } from '../faults/report.js'
import { seedOf } from '../interop/options.js'
import { figuresOf, grownMib, isQuick, isServed, isWithin, lossesOf, underAttack } from './attack.js'
import type { Trial } from './means.js'

const SEED = 3
const CONNECT_EVERY_MS = 250
const CONNECT_MS = 10_000

/** A validator that connects anew, again and again. */
class Connecting {
  readonly #axon: Axon
  readonly #loop: Promise<void>
  readonly tookMs: number[] = []
  failed = 0
  #stopped = false

  constructor(axon: Axon) {
    this.#axon = axon
    this.#loop = this.#run()
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const validator = new Validator({ signer: seedSigner(seedOf(SEED)), logger: silentLogger })
      const begin = performance.now()
      await validator.connect(this.#axon, { timeoutMs: CONNECT_MS }).then(
        () => this.tookMs.push(performance.now() - begin),
        () => this.failed++,
      )
      validator.close()
      await sleep(CONNECT_EVERY_MS)
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#loop
  }
}

export const halfOpen: Trial = {
  id: 'T7',
  attack: '10,000 half-open connections from as many addresses',
  asked: '+16 MiB at most; an honest connect p99 at most 250 ms meanwhile',
  knownToFail: { quiche: 'each place costs it 39 KiB' },
  async run(means) {
    const count = means.size(10_000, 1_000)
    let connecting: Connecting | undefined
    const attacked = await underAttack(means, async ({ axon, port }) => {
      connecting = new Connecting(axon)
      const attacker = await means.aioquic('half-open', false, { port, count })
      await connecting.stop()
      return attacker
    })
    const { tookMs, failed } = connecting!
    const [p99, grown] = [quantile(tookMs, 0.99), grownMib(attacked)]
    const { halfOpenFull } = attacked.network.dropped
    return {
      ...figuresOf(attacked),
      measured: `${grown.toFixed(0)} MiB more, ${attacked.sent.connections} got as far as a Retry, ${halfOpenFull} found no place; ${tookMs.length} honest connects, p99 ${p99.toFixed(0)} ms, ${failed} failed${lossesOf(attacked.during)}`,
      holds:
        isServed(attacked) && isWithin(means, grown, 16) && failed === 0 && (means.isShort || p99 <= 250),
    }
  },
}

/** CVE-2024-1765, of as many strangers as there are places for. */
const GAPS = [
  { attack: 'crypto-gaps-before-tls', when: 'before TLS is done, from 2,000 addresses', count: [2_000, 600] },
  { attack: 'crypto-gaps-of-many', when: 'after TLS, of 500 strangers', count: [500, 40] },
] as const

export const gaps: readonly Trial[] = GAPS.map(({ attack, when, count: [full, short] }) => ({
  id: 'T9',
  attack: `CRYPTO gaps (CVE-2024-1765) ${when}`,
  asked: '+32 MiB at most; p99 of others at most doubled',
  knownToFail: { quiche: 'a fragment of one byte costs it 200 bytes' },
  async run(means) {
    const count = means.size(full, short)
    const attacked = await underAttack(means, ({ port }) => means.aioquic(attack, false, { port, count }))
    const grown = grownMib(attacked)
    return {
      ...figuresOf(attacked),
      measured: `${grown.toFixed(0)} MiB more${lossesOf(attacked.during)}`,
      holds: isServed(attacked) && isWithin(means, grown, 32) && (means.isShort || isQuick(attacked)),
    }
  },
}))

export const shortInitials: Trial = {
  id: 'T9',
  attack: 'first packets in datagrams below 1,200 bytes',
  asked: 'no answer',
  async run(means) {
    const count = means.size(20_000, 2_000)
    const attacked = await underAttack(means, ({ port }) =>
      means.aioquic('short-initials', false, { port, count }),
    )
    const { received } = attacked.sent
    return {
      ...figuresOf(attacked),
      measured: `${received} bytes answered${lossesOf(attacked.during)}`,
      holds: isServed(attacked) && received === 0,
    }
  },
}
