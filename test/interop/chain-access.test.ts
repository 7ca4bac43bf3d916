/** Miners whose rules read a chain, asked by btlightning's own client; the chain is the fake node. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  type ConnectionEvent,
  Miner,
  type MinerOptions,
  minStake,
  open,
  silentLogger,
  sourceFilter,
  synapse,
} from '../../src/index.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { fakeAxon } from '../../src/testing/index.js'
import { NETUID, neuronOf, neurons, sourceOf, startNode, TAO } from '../subtensor/subnet.js'
import { until } from '../support/frames.js'
import { signerOf } from '../support/hotkeys.js'
import { available } from './peers/available.js'
import { buildRustPeer } from './peers/build.js'

/** The peers' seeds, one byte each. */
const [minerKey, rich, poor] = [1, 2, 3]
const REFRESH_MS = 600_000
const PATIENCE_MS = 60_000

const rust = await available('rust', buildRustPeer)
const ending: (() => unknown)[] = []

beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5) // a refresh is neither sooner nor later
})

afterEach(async () => {
  vi.restoreAllMocks()
  for (const end of ending.splice(0).reverse()) await end()
})

const stakes = (alpha: bigint, tao: bigint, total: bigint) => ({
  stake: alpha * TAO,
  alphaStake: alpha * TAO,
  taoStake: tao * TAO,
  totalStake: total * TAO,
})

/** Two validators: one whose stake is on root for the most part, one who has much alpha that counts for its child. */
async function subnet() {
  const node = await startNode({
    subnets: {
      [NETUID]: [
        neuronOf(minerKey),
        neuronOf(rich, { validatorPermit: true, ...stakes(100n, 5000n, 1000n) }),
        neuronOf(poor, { validatorPermit: true, ...stakes(1000n, 0n, 999n) }),
      ],
    },
  })
  const clock = new FakeClock()
  const source = sourceOf([node], { clock })
  const refresh = async (): Promise<void> => {
    const syncs = () => node.requests.get('chain_getFinalizedHead')
    const before = syncs()!
    node.advance()
    clock.advance(REFRESH_MS)
    await until(() => source.ageMs() === 0)
    expect(syncs()).toBe(before + 1)
  }
  return { node, source, refresh }
}

async function startMiner(options: Pick<MinerOptions, 'access' | 'sourceFilter'>) {
  const miner = new Miner({ signer: signerOf(minerKey), logger: silentLogger, drainMs: 0, ...options })
  miner.synapse(synapse('echo', {}), (data) => data)
  const connections: ConnectionEvent[] = []
  miner.on('connection', (event) => connections.push(event))
  const { port } = await miner.listen({ host: '127.0.0.1', port: 0 })
  ending.push(() => miner.close())
  return { miner, port, connections }
}

const client = (name: string, port: number, seed: number, ...more: string[]): string[] =>
  [name, '--port', String(port), '--seed', seed.toString(16).padStart(2, '0')].concat(more)

/** What the client says of a connection, a query, and the same once more. */
async function asks(port: number, seed: number): Promise<{ readonly ok: boolean; readonly detail: string }> {
  const args = client('validator', port, seed, '--cases', 'reconnect-after-close')
  const run = promisify(execFile)(rust!, args, { timeout: PATIENCE_MS })
  const { stdout } = await run.catch((error: { readonly stdout: string }) => error) // its exit code says the same
  return JSON.parse(stdout)
}

/** A client that asks one thing after another over one connection. */
function keepsAsking(port: number, seed: number): ChildProcess {
  const args = client('bench-client', port, seed, '--size', '16', '--inflight', '1', '--seconds', '300')
  const child = spawn(rust!, args, { stdio: 'ignore' })
  ending.push(() => child.kill())
  return child
}

const refused = { ok: false, detail: expect.stringContaining('Handshake rejected by miner') }

describe.runIf(rust !== undefined)('a Rust client', () => {
  test('is admitted by its total stake, where its alpha alone would not do, and not the other way round', async () => {
    const { source } = await subnet()
    const byTotal = await startMiner({ access: minStake(1000, source) })
    expect(await asks(byTotal.port, rich)).toMatchObject({ ok: true })
    expect(await asks(byTotal.port, poor)).toMatchObject(refused)
    const byAlpha = await startMiner({ access: minStake(1000, source, { of: 'alpha' }) })
    expect(await asks(byAlpha.port, rich)).toMatchObject(refused)
    expect(await asks(byAlpha.port, poor)).toMatchObject({ ok: true })
    const byTao = await startMiner({ access: minStake(5000, source, { of: 'tao' }) })
    expect(await asks(byTao.port, rich)).toMatchObject({ ok: true })
    expect(await asks(byTao.port, poor)).toMatchObject(refused)
  })

  test('is closed by the refresh that shows that its stake fell, and not before', async () => {
    const { node, source, refresh } = await subnet()
    const { miner, port, connections } = await startMiner({ access: minStake(1000, source) })
    keepsAsking(port, rich)
    const answered = () => miner.stats().calls.echo?.answered ?? 0
    await until(() => answered() > 10)
    await refresh()
    const before = answered()
    await until(() => answered() > before + 10)
    expect(connections.map(({ state }) => state)).toEqual(['authenticated'])
    neurons(node)[1]!.totalStake = 1000n * TAO - 1n
    await refresh()
    await until(() => connections.length === 2)
    expect(connections[1]).toMatchObject({ state: 'closed', hotkey: signerOf(rich).hotkey })
    expect(await asks(port, rich)).toMatchObject(refused)
  })

  test('meets the source filter that knows nobody, then others, then its own host', async () => {
    const { node, source, refresh } = await subnet()
    for (const neuron of neurons(node)) neuron.axon = undefined
    node.advance()
    const host = ({ axon }: { readonly axon?: { readonly host: string } }) => axon?.host
    const filter = sourceFilter({ published: { source, host }, logger: silentLogger })
    const { miner, port } = await startMiner({ access: open(), sourceFilter: filter })
    expect(filter.stats().mode).toBe('bypass')
    expect(await asks(port, rich)).toMatchObject({ ok: true })

    neurons(node)[2]!.axon = fakeAxon({ ip: '192.0.2.7', port: 1 })
    await refresh()
    expect(filter.stats().mode).toBe('enforce')
    const { accepted } = miner.stats().handshakes
    const knocking = keepsAsking(port, rich)
    await until(() => filter.stats().refused > 0)
    knocking.kill()
    await once(knocking, 'exit')
    expect(miner.stats().handshakes.accepted).toBe(accepted)

    neurons(node)[1]!.axon = fakeAxon({ ip: '127.0.0.1', port: 1 })
    await refresh()
    expect(filter.stats()).toMatchObject({ mode: 'enforce', hosts: 2 })
    expect(await asks(port, rich)).toMatchObject({ ok: true })
  })
})
