/** A miner and a validator with traffic between them, for who watches them. */
import { afterEach } from 'vitest'
import {
  allowlist,
  concurrency,
  inMemoryMetagraph,
  Miner,
  type MinerOptions,
  priority,
  silentLogger,
  synapse,
  Validator,
} from '../../src/index.js'
import { minerSigner, signerOf, validatorSigner } from '../support/hotkeys.js'

export const Echo = synapse('Echo', {})
export const Broken = synapse('Broken', {})
/** Answers when it is released. */
export const Held = synapse('Held', {})
export const stranger = signerOf(77)
export const metagraph = inMemoryMetagraph([
  { hotkey: validatorSigner.hotkey, uid: 7, stake: 4321, validatorPermit: true },
])

let letGo = (): void => {}
export const release = (): void => letGo()

const closing: { close(): unknown }[] = []

/** Closes it after the test, the last first. */
export function closeLater<T extends { close(): unknown }>(closable: T): T {
  closing.push(closable)
  return closable
}

afterEach(async () => {
  for (const closable of closing.splice(0).reverse()) await closable.close()
})

export const newMiner = (options: Pick<MinerOptions, 'engine' | 'maxValidators'> = {}) =>
  closeLater(
    new Miner({
      signer: minerSigner,
      access: allowlist([validatorSigner.hotkey]),
      logger: silentLogger,
      ...options,
    })
      .use(priority(() => 0, { concurrency: 4 }))
      .use(concurrency({ Echo: 4 }))
      .synapse(Echo, (query) => query)
      .synapse(
        Held,
        () =>
          new Promise<Record<string, never>>((resolve) => {
            letGo = () => resolve({})
          }),
      )
      .synapse(Broken, () => {
        throw new Error('not for your eyes')
      }),
  )

export const newValidator = (signer = validatorSigner): Validator =>
  closeLater(new Validator({ signer, logger: silentLogger }))

export const listening = async (miner: ReturnType<typeof newMiner>) => {
  const { port } = await miner.listen({ host: '127.0.0.1', port: 0 })
  return { hotkey: miner.hotkey, host: '127.0.0.1', port }
}
