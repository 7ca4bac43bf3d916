/** Fake nodes and sources that read them, ended after each test. */
import { afterEach } from 'vitest'
import type { Logger } from '../../src/logger.js'
import { silentLogger } from '../../src/logger.js'
import { type Subtensor, type SubtensorOptions, subtensor } from '../../src/subtensor/index.js'
import {
  type FakeNeuron,
  type FakeNode,
  type FakeNodeOptions,
  fakeAxon,
  fakeNeuron,
  fakeNode,
} from '../../src/testing/index.js'
import { signerOf } from '../support/hotkeys.js'

export const NETUID = 7
export const TAO = 10n ** 9n

const ending: (() => unknown)[] = []

afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end()
})

/** The neuron of one of the suite's keys. */
export const neuronOf = (byte: number, given: Partial<FakeNeuron> = {}): FakeNeuron =>
  fakeNeuron({
    hotkey: signerOf(byte).hotkey,
    coldkey: signerOf(byte + 100).hotkey,
    axon: fakeAxon({ ip: `8.8.8.${byte}`, port: 8000 + byte }),
    ...given,
  })

/** A node of a subnet with the neurons of keys 10, 11 and 12. */
export async function startNode(options: FakeNodeOptions = {}): Promise<FakeNode> {
  const node = await fakeNode({
    subnets: { [NETUID]: [neuronOf(10), neuronOf(11), neuronOf(12)] },
    ...options,
  })
  ending.push(() => node.close())
  return node
}

export const neurons = (node: FakeNode): FakeNeuron[] => node.subnets.get(NETUID)!

export function sourceOf(
  nodes: readonly FakeNode[],
  options: Partial<SubtensorOptions> & { readonly logger?: Logger } = {},
): Subtensor {
  const source = subtensor({
    netuid: NETUID,
    requestGapMs: 0,
    logger: silentLogger,
    endpoints: nodes.map(({ endpoint }) => endpoint),
    ...options,
  })
  ending.push(() => source.stop())
  return source
}

/** Requests of all kinds that came to a node. */
export const requestsTo = ({ requests }: FakeNode): number =>
  [...requests.values()].reduce((all, count) => all + count, 0)
