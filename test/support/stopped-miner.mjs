/** A miner process that is stopped by signals. `slow` answers when its time is up, `echo` at once, `count` tells. */
import 'reflect-metadata'
import { synapse } from '../../dist/contract/definition.js'
import { open, seedSigner, silentLogger } from '../../dist/index.js'
import { Miner } from '../../dist/server/miner.js'
import { closeOnSignals } from '../../dist/signals.js'

const mode = process.argv[2]
const begun = []
const miner = new Miner({
  signer: seedSigner(new Uint8Array(32).fill(1)),
  access: open(),
  logger: silentLogger,
})
  .synapse(synapse('work', {}), async ({ n }) => {
    begun.push(n)
    await new Promise((resolve) => setTimeout(resolve, 20 + (n % 100)))
    return { n }
  })
  .synapse(synapse('hang', {}), async () => {
    process.send({ hanging: true })
    await new Promise(() => {})
  })
const broken = {
  close() {
    throw new Error('cannot close')
  },
}
const slow = { close: () => new Promise((resolve) => setTimeout(resolve, 100)) }
const others = { broken: [broken], early: [slow], starting: [slow] }
closeOnSignals(miner, ...(others[mode] ?? []))
const signalled = async () => {
  const alive = setInterval(() => {}, 1_000) // a signal's listener does not keep the process alive
  process.send({ port: 0 })
  await new Promise((resolve) => process.once('SIGTERM', resolve))
  clearInterval(alive)
}
if (mode === 'early') await signalled()
// A start that the signal finds under way: it goes on, and what comes after it must not happen any more.
if (mode === 'starting') miner.use(Object.assign((_call, next) => next(), { onStart: signalled }))
const listening = miner.listen({ host: '127.0.0.1', port: 0 }).catch((error) => {
  console.error(error)
  process.exit(1)
})
const { port } = await listening
// Keeps the process alive whatever is closed; the channel to the parent alone does not, once nobody listens on it.
if (mode === 'busy') setInterval(() => {}, 1_000)
process.on('exit', () => process.send({ begun }))
process.send({ port })
