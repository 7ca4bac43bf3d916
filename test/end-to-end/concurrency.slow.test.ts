import { IsInt } from 'class-validator'
import { afterEach, describe, expect, test } from 'vitest'
import {
  IsBytes,
  Miner,
  type MinerConnection,
  open,
  silentLogger,
  synapse,
  Validator,
} from '../../src/index.js'
import { turn } from '../support/frames.js'
import { minerSigner, validatorSigner } from '../support/hotkeys.js'
import { type Random, seed, seeded } from '../wire/seeded.js'

/** A miner's `maxStreams` unless it says otherwise: calls beyond it wait at the validator until one is over. */
const MAX_STREAMS = 128
const MOST_BYTES = 100_000

class Numbered {
  @IsInt() n!: number
  @IsBytes({ max: MOST_BYTES }) payload!: Uint8Array
}
class Small {
  @IsInt() n!: number
  @IsInt() chunks!: number
}

const Echo = synapse('echo', { request: Numbered, response: Numbered })
const Count = synapse('count', { request: Small, stream: true })

/** A chunk that belongs to one place of one stream, of a size that few others have. */
const chunk = (n: number, i: number): Buffer => Buffer.alloc((n * 131 + i * 17) % 1500, `${n}/${i};`)

/**
 * Holds calls back until `together` of them run, then lets them go one after the other in random order; the others
 * that come then wait for a random number of loop turns.
 */
class Shuffler {
  running = 0
  most = 0
  readonly answered: number[] = []
  readonly #together: number
  readonly #random: Random
  #held: (() => void)[] | undefined = []

  constructor(together: number, random: Random) {
    this.#together = together
    this.#random = random
  }

  async enter(): Promise<void> {
    this.most = Math.max(this.most, ++this.running)
    if (this.#held === undefined) return this.wait()
    const go = new Promise<void>((resolve) => this.#held!.push(resolve))
    if (this.#held.length === this.#together) void this.#letGo()
    return go
  }

  async wait(): Promise<void> {
    for (let turns = this.#random.int(8); turns > 0; turns--) await turn()
  }

  leave(n: number): void {
    this.running--
    this.answered.push(n)
  }

  async #letGo(): Promise<void> {
    const held = this.#held!
    this.#held = undefined
    while (held.length > 0) {
      held.splice(this.#random.int(held.length), 1)[0]!()
      if (this.#random.int(4) === 0) await turn()
    }
  }
}

console.info(`LEVIN_SEED=${seed}`)

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function connected(shuffler: Shuffler): Promise<MinerConnection> {
  const miner = new Miner({ signer: minerSigner, access: open(), logger: silentLogger, drainMs: 0 })
  miner
    .synapse(Echo, async ({ n, payload }) => {
      await shuffler.enter()
      shuffler.leave(n)
      return { n, payload }
    })
    .synapse(Count, async function* ({ n, chunks }) {
      await shuffler.enter()
      for (let i = 0; i < chunks; i++) {
        yield chunk(n, i)
        await shuffler.wait()
      }
      shuffler.leave(n)
    })
  closing.push(() => miner.close())
  const address = await miner.listen({ host: '127.0.0.1', port: 0 })
  const validator = new Validator({ signer: validatorSigner, logger: silentLogger })
  closing.push(() => validator.close())
  return validator.connect({ hotkey: miner.hotkey, ...address })
}

const inOrder = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

describe.each([32, 500])('%d at once on one connection: none lost, none crossed', (count) => {
  const together = Math.min(count, MAX_STREAMS)

  test('queries of 0 to 100,000 bytes', async () => {
    const random = seeded(seed)
    const shuffler = new Shuffler(together, seeded(seed + 1))
    const connection = await connected(shuffler)
    const sizes = [0, MOST_BYTES, ...Array.from({ length: count - 2 }, () => random.int(MOST_BYTES + 1))]
    const payloads = sizes.map((size) => random.bytes(size))
    const answers = await Promise.all(
      payloads.map((payload, n) => connection.query(Echo, { n, payload }, { timeoutMs: 20_000 })),
    )
    expect(answers.map(({ data }) => data.n)).toEqual(inOrder(count))
    const crossed = answers.filter(({ data }, n) => !payloads[n]!.equals(data.payload))
    expect(crossed).toEqual([])
    expect(shuffler.most).toBe(together)
    expect(shuffler.answered).not.toEqual(inOrder(count))
    expect([...shuffler.answered].sort((a, b) => a - b)).toEqual(inOrder(count)) // each handler ran once
  })

  test('small streams', async () => {
    const random = seeded(seed)
    const shuffler = new Shuffler(together, seeded(seed + 1))
    const connection = await connected(shuffler)
    const lengths = inOrder(count).map(() => random.int(6))
    const read = async (n: number, chunks: number): Promise<Uint8Array[]> => {
      const got: Uint8Array[] = []
      for await (const bytes of connection.stream(Count, { n, chunks }, { timeoutMs: 20_000 })) {
        got.push(bytes)
        if (n % 3 === 0) await shuffler.wait()
      }
      return got
    }
    const streams = await Promise.all(lengths.map((chunks, n) => read(n, chunks)))
    for (const [n, got] of streams.entries()) {
      expect(got).toHaveLength(lengths[n]!)
      for (const [i, bytes] of got.entries()) expect(chunk(n, i).equals(bytes)).toBe(true)
    }
    expect(shuffler.most).toBe(together)
    expect(shuffler.answered).not.toEqual(inOrder(count))
    expect([...shuffler.answered].sort((a, b) => a - b)).toEqual(inOrder(count))
  })
})
