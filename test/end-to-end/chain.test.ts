/** A miner whose rules read a chain, and a validator that finds it there: all over real sockets. */
import { expect, test } from 'vitest'
import { minStake, silentLogger, sourceFilter, validatorPermit } from '../../src/index.js'
import { fakeAxon } from '../../src/testing/index.js'
import { NETUID, neuronOf, neurons, sourceOf, startNode, TAO } from '../subtensor/subnet.js'
import { until } from '../support/frames.js'
import { signerOf } from '../support/hotkeys.js'
import { newValidator, startMiner, Work } from '../support/subnet.js'

const [minerKey, rich, poor] = [10, 11, 12]
const stakes = (alpha: bigint, total: bigint) => ({
  alphaStake: alpha * TAO,
  stake: alpha * TAO,
  totalStake: total * TAO,
})

async function subnet() {
  const node = await startNode({
    subnets: {
      [NETUID]: [
        neuronOf(minerKey),
        neuronOf(rich, { validatorPermit: true, ...stakes(100n, 1000n) }),
        neuronOf(poor, { validatorPermit: true, ...stakes(1000n, 100n) }),
      ],
    },
  })
  return { node, source: sourceOf([node], { intervalMs: 20 }) }
}

const ask = (
  validator: ReturnType<typeof newValidator>,
  axon: { hotkey: string; host: string; port: number },
) => validator.query(axon, Work, { text: 'hi', n: 1 })

test('total stake admits, alpha alone does not, and a stake that falls closes within one refresh', async () => {
  const { node, source } = await subnet()
  const { axon } = await startMiner({
    signer: signerOf(minerKey),
    options: { access: minStake(1000, source) },
  })
  const validator = newValidator({ signer: signerOf(rich), reconnect: { firstMs: 10 } })
  expect((await ask(validator, axon)).data).toMatchObject({ text: 'HI' })
  await expect(ask(newValidator({ signer: signerOf(poor) }), axon)).rejects.toMatchObject({
    code: 'HANDSHAKE_REFUSED',
  })
  neurons(node)[1]!.totalStake = 999n * TAO
  node.advance()
  await until(() => validator.authenticated().length === 0)
  await expect(ask(validator, axon)).rejects.toMatchObject({ code: 'HANDSHAKE_REFUSED' })
})

test('the source filter knows nobody, and then somebody else', async () => {
  const { node, source } = await subnet()
  const host = ({ axon }: { readonly axon?: { readonly host: string } }) => axon?.host
  for (const neuron of neurons(node)) neuron.axon = undefined
  node.advance()
  const filter = sourceFilter({ published: { source, host }, logger: silentLogger })
  const options = { access: validatorPermit(source), sourceFilter: filter }
  const { axon } = await startMiner({ signer: signerOf(minerKey), options })
  expect(filter.stats().mode).toBe('bypass')
  await ask(newValidator({ signer: signerOf(rich) }), axon)
  neurons(node)[1]!.axon = fakeAxon({ ip: '8.8.8.8', port: 1 })
  node.advance()
  await until(() => filter.stats().mode === 'enforce')
  const late = newValidator({ signer: signerOf(poor), connectTimeoutMs: 500 })
  await expect(ask(late, axon)).rejects.toMatchObject({ code: 'TIMED_OUT' })
  neurons(node)[2]!.axon = fakeAxon({ ip: '127.0.0.1', port: 1 })
  node.advance()
  await until(() => filter.stats().hosts === 2)
  await ask(newValidator({ signer: signerOf(poor) }), axon)
})

test('a validator follows the chain', async () => {
  const { node, source } = await subnet()
  const { axon } = await startMiner({
    signer: signerOf(minerKey),
    options: { access: validatorPermit(source) },
  })
  const validator = newValidator({ signer: signerOf(rich) })
  await validator.follow(source, { address: () => ({ host: axon.host, port: axon.port }) })
  expect(validator.authenticated()).toEqual([axon.hotkey])
  neurons(node)[0]!.active = false
  node.advance()
  await until(() => validator.authenticated().length === 0)
  expect(validator.stats().miners).toEqual({})
})
