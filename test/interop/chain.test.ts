/**
 * The fake node against clients that are not ours: btlightning's metagraph and Bittensor's Python SDK. What they read is
 * compared with what the neurons are, and what a real runtime and the very same clients said before.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { seedSigner } from '../../src/auth/signer.js'
import { ipToNumber } from '../../src/testing/chain/ip.js'
import {
  type FakeAxon,
  type FakeNeuron,
  type FakeNode,
  type FakePrometheus,
  fakeAxon,
  fakeNeuron,
  fakeNode,
} from '../../src/testing/index.js'
import { NETUID, recordedBytes, recordedJson, recordedNeurons } from '../testing/chain/recorded.js'
import { available } from './peers/available.js'
import { buildSubtensorPeer, prepareSdkPeer } from './peers/build.js'

const CLIENT_TIMEOUT_MS = 60_000
/** The SDK waits for the block that its transaction is in. */
const BLOCK_MS = 250
/** A subnet with one neuron, whose key the SDK has. */
const OURS = 2
const SEED = '01'
const hotkey = seedSigner(`0x${SEED.repeat(32)}`).hotkey

const subtensor = await available('subtensor', buildSubtensorPeer)
const sdk = await available('sdk', prepareSdkPeer)

let node: FakeNode

beforeEach(async () => {
  node = await fakeNode({
    subnets: { [NETUID]: recordedNeurons(), [OURS]: [fakeNeuron({ hotkey })] },
    metadata: recordedBytes('metadata.spec461.v15.scale'),
  })
})

afterEach(() => node.close())

async function run(command: string, ...args: string[]): Promise<string> {
  const options = { timeout: CLIENT_TIMEOUT_MS, maxBuffer: 2 ** 26 }
  return (await promisify(execFile)(command, args, options)).stdout
}

describe.runIf(subtensor !== undefined)('btlightning reads the fake node', () => {
  interface Found {
    readonly block: number
    readonly n: number
    readonly quic_miners: readonly unknown[]
    readonly validator_axon_ips: readonly string[]
  }
  const read = async (): Promise<Found> =>
    JSON.parse(await run(subtensor!, node.endpoint, String(NETUID))) as Found

  test('and finds the miners and the validators that it found in the bytes of a real runtime', async () => {
    const { quic_miners, validator_axon_ips, n, block } = await read()
    const before = recordedJson<Found>('btlightning.256.json')
    expect(quic_miners).toHaveLength(62)
    expect(quic_miners).toEqual(before.quic_miners)
    expect(validator_axon_ips).toHaveLength(36)
    expect(validator_axon_ips).toEqual([...before.validator_axon_ips].sort())
    expect({ n, block }).toEqual({ n: 256, block: node.block.number })
  })

  test('and sees what changed with the next block', async () => {
    const neurons = node.subnets.get(NETUID)!
    const [first] = (await read()).quic_miners as [string, string, number][]
    neurons.find((neuron) => neuron.hotkey === first![0])!.axon!.port = 4242
    neurons.push(fakeNeuron({ hotkey }))
    node.advance()
    const { quic_miners, n } = await read()
    expect(quic_miners[0]).toEqual([first![0], first![1], 4242])
    expect(n).toBe(257)
  })
})

describe.runIf(sdk !== undefined)("Bittensor's Python SDK", () => {
  type Columns = Readonly<Record<string, unknown>>
  const peer = async (...args: string[]): Promise<Columns> => {
    const [command, ...options] = args
    const stdout = await run(sdk!.python, sdk!.script, command!, '--endpoint', node.endpoint, ...options)
    return JSON.parse(stdout) as Columns
  }

  test('reads every neuron as it is', async () => {
    const { neurons, state } = await peer('read', '--netuid', String(NETUID))
    const ours = node.subnets.get(NETUID)!
    expect(neurons).toEqual(ours.map(neuronAsSdk))
    expect(state).toMatchObject(stateAsSdk(ours))
  })

  const serve = async (ip: string, port: string): Promise<Columns> => {
    const blocks = setInterval(() => node.advance(), BLOCK_MS)
    try {
      const args = ['--netuid', String(OURS), '--seed', SEED, '--ip', ip, '--port', port]
      return await peer('serve', ...args)
    } finally {
      clearInterval(blocks)
    }
  }

  test.each(['8.8.4.4', '2001:4860:4860::8888'])(
    'publishes an axon at %s, which the fake node takes',
    async (ip) => {
      expect(await serve(ip, '8091')).toEqual({ hotkey, success: true, message: 'Success' })
      const axon: Partial<FakeAxon> = { ip, port: 8091, protocol: 4, version: 1 }
      expect(node.subnets.get(OURS)![0]!.axon).toMatchObject(axon)
    },
  )

  test.each([
    ['within 50 blocks of the last time', /rate limit/i, '8.8.4.4', '8091', 1],
    ['the address of this machine itself', /ip/i, '127.0.0.1', '8091', 0],
    ['port 0', /port/i, '8.8.4.4', '0', 0],
  ] as const)('hears why the fake node refuses %s', async (_, why, ip, port, block) => {
    const neuron = node.subnets.get(OURS)![0]!
    neuron.axon = fakeAxon({ block, ip: '8.8.8.8', port: 1 })
    const { success, message } = await serve(ip, port)
    expect(success).toBe(false)
    expect(message).toMatch(why)
    expect(neuron.axon.port).toBe(1)
  })

  test('hears that a hotkey is not registered', async () => {
    node.subnets.set(OURS, [])
    const { success, message } = await serve('8.8.4.4', '8091')
    expect(success).toBe(false)
    expect(message).toMatch(/not registered/i)
  })
})

/** A neuron as `get_neurons_lite` gives it; integers as text. */
function neuronAsSdk(neuron: FakeNeuron, uid: number): object {
  const { axon, prometheus } = neuron
  return {
    hotkey: neuron.hotkey,
    coldkey: neuron.coldkey,
    uid: `${uid}`,
    netuid: `${NETUID}`,
    active: neuron.active,
    axon_info: {
      ...endpointAsSdk(axon),
      protocol: `${axon?.protocol ?? 0}`,
      placeholder1: `${axon?.placeholder1 ?? 0}`,
      placeholder2: `${axon?.placeholder2 ?? 0}`,
    },
    prometheus_info: endpointAsSdk(prometheus),
    stake: [[neuron.coldkey, `${neuron.stake}`]],
    rank: `${neuron.rank}`,
    emission: `${neuron.emission}`,
    incentive: `${neuron.incentive}`,
    consensus: `${neuron.consensus}`,
    trust: `${neuron.trust}`,
    validator_trust: `${neuron.validatorTrust}`,
    dividends: `${neuron.dividends}`,
    last_update: `${neuron.lastUpdate}`,
    validator_permit: neuron.validatorPermit,
    pruning_score: `${neuron.pruningScore}`,
  }
}

function endpointAsSdk(endpoint: FakeAxon | FakePrometheus | undefined): object {
  const { ip, type } = endpoint === undefined ? { ip: 0n, type: 0 } : ipToNumber(endpoint.ip)
  return {
    block: `${endpoint?.block ?? 0}`,
    version: `${endpoint?.version ?? 0}`,
    ip: `${ip}`,
    port: `${endpoint?.port ?? 0}`,
    ip_type: `${type}`,
  }
}

/** A subnet as `get_subnet_state` gives it. */
function stateAsSdk(neurons: readonly FakeNeuron[]): object {
  const column = (value: (neuron: FakeNeuron) => number | bigint): string[] =>
    neurons.map((neuron) => `${value(neuron)}`)
  return {
    netuid: `${NETUID}`,
    hotkeys: neurons.map((neuron) => neuron.hotkey),
    coldkeys: neurons.map((neuron) => neuron.coldkey),
    active: neurons.map(({ active }) => active),
    validator_permit: neurons.map(({ validatorPermit }) => validatorPermit),
    pruning_score: column(({ pruningScore }) => pruningScore),
    last_update: column(({ lastUpdate }) => lastUpdate),
    emission: column(({ emission }) => emission),
    dividends: column(({ dividends }) => dividends),
    incentives: column(({ incentive }) => incentive),
    consensus: column(({ consensus }) => consensus),
    trust: column(({ trust }) => trust),
    rank: column(({ rank }) => rank),
    block_at_registration: column(({ registeredAt }) => registeredAt),
    alpha_stake: column(({ alphaStake }) => alphaStake),
    tao_stake: column(({ taoStake }) => taoStake),
    total_stake: column(({ totalStake }) => totalStake),
  }
}
