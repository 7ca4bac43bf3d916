/** Memory of large frames is used again: no call sees another one's bytes, however they end. */
import { afterEach, expect, test } from 'vitest'
import { LevinError, Miner, open, silentLogger, synapse, Validator } from '../../src/index.js'
import { minerSigner, validatorSigner } from '../support/hotkeys.js'

const SIZE = 300_000
const CHUNKS = 20
const Same = synapse('same', {})
const Many = synapse('many', { stream: true })

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** No two calls, and no two chunks of one, are the same. */
const bytesOf = (n: number, i = 0): Buffer => Buffer.alloc(SIZE + n, `call ${n}, ${i}; `)

async function connected() {
  const miner = new Miner({ signer: minerSigner, access: open(), logger: silentLogger })
  miner.synapse(Same, ({ bytes = null }) => ({ bytes }))
  miner.synapse(Many, async function* ({ n }) {
    for (let i = 0; i < CHUNKS; i++) yield bytesOf(Number(n), i)
  })
  const { port } = await miner.listen({ host: '127.0.0.1', port: 0 })
  closing.push(() => miner.close())
  const validator = new Validator({ signer: validatorSigner, logger: silentLogger })
  closing.push(() => validator.close())
  return validator.connect({ hotkey: minerSigner.hotkey, host: '127.0.0.1', port })
}

test('64 calls and 16 streams at once, of which a third are given up', async () => {
  const connection = await connected()

  const call = async (n: number): Promise<void> => {
    const giveUp = new AbortController()
    const asked = connection.query(Same, { bytes: bytesOf(n) }, { signal: giveUp.signal })
    if (n % 3 === 0) setImmediate(() => giveUp.abort())
    const { data } = await asked
    expect(bytesOf(n).equals(data.bytes as Uint8Array)).toBe(true)
  }
  const stream = async (n: number): Promise<void> => {
    let i = 0
    for await (const chunk of connection.stream(Many, { n })) {
      expect(bytesOf(n, i).equals(chunk)).toBe(true)
      if (n % 3 === 0 && i === 5) return
      if (n % 2 === 0) await new Promise((resolve) => setImmediate(resolve))
      i++
    }
    expect(i).toBe(CHUNKS)
  }
  const abortedAtMost = (error: unknown): void => expect(LevinError.from(error).code).toBe('ABORTED')

  await Promise.all([
    ...Array.from({ length: 64 }, (_, n) => call(n).catch(abortedAtMost)),
    ...Array.from({ length: 16 }, (_, n) => stream(n)),
  ])
})
