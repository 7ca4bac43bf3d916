/** A node of a chain that is not there: real JSON-RPC over a real WebSocket, for tests. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { type Clock, systemClock } from '../../clock.js'
import { LevinError } from '../../errors.js'
import { loadWs } from '../../subtensor/load-ws.js'
import { type Block, Blocks } from './blocks.js'
import { Connections } from './connections.js'
import type { Node } from './methods.js'
import type { Misbehaviour } from './misbehaviour.js'
import type { FakeNeuron } from './neurons.js'
import { Pool, tellWatchers } from './pool.js'
import { stateOf } from './state.js'
import { custom, type Ledger, type Stage } from './validity.js'

/** What chain the node pretends to have. */
export interface FakeNodeOptions {
  /** Neurons by netuid, each list in the order of uids. The lists are yours and may change; default none. */
  readonly subnets?: Readonly<Record<number, FakeNeuron[]>>
  /** Of the first block, 32 bytes in hex with `0x`: to pass for a network that has a name. Default: its true hash. */
  readonly genesis?: string
  /** The number of the block at which the node starts. Default 1. */
  readonly block?: number
  /** Default 0: the system chooses. */
  readonly port?: number
  /** Says when each block is made, in UNIX milliseconds. Default: the machine's clock. */
  readonly clock?: Pick<Clock, 'unixMs'>
  /** Default 461, and 1. */
  readonly specVersion?: number
  readonly transactionVersion?: number
  /** As a runtime's `Metadata_metadata_at_version(15)` answers. Levin asks for none; other clients do. */
  readonly metadata?: Uint8Array
}

/** A node that listens on 127.0.0.1. Its blocks move when `advance` is called, and never by themselves. */
export interface FakeNode {
  /** `ws://127.0.0.1:port` */
  readonly endpoint: string
  /** Hex. */
  readonly genesis: string
  /** The best block, which is final too. */
  readonly block: { readonly number: number; readonly hash: string }
  /**
   * Neurons by netuid. Change them as you like: what is read of them changes with the next block, what is published is
   * measured by them at once.
   */
  readonly subnets: Map<number, FakeNeuron[]>
  /** How many requests came, by method; also those that were not answered. */
  readonly requests: ReadonlyMap<string, number>
  /** How many connections were opened so far. */
  readonly connections: number
  /**
   * So many blocks more. What was published goes into the first of them.
   * @throws LevinError `CONFIG` for a neuron that cannot be encoded
   */
  advance(blocks?: number): void
  /**
   * Breaks the node in one way, or mends it when none is given.
   * @param methods only in answers to these, such as `state_call`; default all. `half-open` is never of some alone
   */
  misbehave(kind?: Misbehaviour, ...methods: string[]): void
  /**
   * Refuses whatever is published, as a runtime does with `InvalidTransaction::Custom(number)`, or goes by its rules again
   * when no number is given.
   * @param stage `'submitted'`: only `author_submitExtrinsic` and its like do, after a dry run that says that all is well; default both
   */
  refuse(number?: number, stage?: 'submitted'): void
  /** Ends every connection and frees the port. */
  close(): Promise<void>
}

const HASH = /^0x[0-9a-f]{64}$/

/**
 * Starts a node; close it when the test is done.
 * @throws LevinError `CONFIG` for a neuron that cannot be encoded, for a genesis that is no hash, and without the package `ws`
 */
export async function fakeNode(options: FakeNodeOptions = {}): Promise<FakeNode> {
  const { WebSocketServer } = await loadWs('a fake node')
  const {
    block = 1,
    port = 0,
    specVersion = 461,
    transactionVersion = 1,
    metadata,
    clock = systemClock,
  } = options
  if (options.genesis !== undefined && !HASH.test(options.genesis)) {
    throw new LevinError(
      'CONFIG',
      `fakeNode({ genesis }) is ${inspect(options.genesis)}; it is 0x and 64 hex digits in lower case`,
    )
  }
  const given = Object.entries(options.subnets ?? {})
  const subnets = new Map(given.map(([netuid, neurons]) => [Number(netuid), neurons]))
  const nonces = new Map<string, number>()
  let ordered: { readonly number: number; readonly stage: Stage | undefined } | undefined
  let state = stateOf(subnets)
  const blocks = new Blocks(state, clock, options.genesis)
  for (let number = 1; number <= block; number++) blocks.add(state, [])

  const ledger: Ledger = {
    specVersion,
    transactionVersion,
    genesisHash: blocks.genesis.hash,
    get best() {
      return blocks.best
    },
    blockAt: (number) => blocks.at(number),
    neurons: (netuid) => subnets.get(netuid),
    nonce: (hotkey) => nonces.get(hotkey) ?? 0,
    ordered: (stage) =>
      ordered !== undefined && (ordered.stage ?? stage) === stage ? custom(ordered.number) : undefined,
  }
  const pool = new Pool(ledger)
  const onBlock = new Set<(block: Block) => boolean>()
  const node: Node = { ledger, metadata, blocks, pool, onBlock }
  const connections = new Connections(node)

  const server = createServer()
  new WebSocketServer({ server }).on('connection', (socket) => connections.add(socket)).on('error', () => {})
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')

  /** @param changed whether a test may have changed neurons since the last block */
  const seal = (changed: boolean): void => {
    // First, since it may throw.
    if (changed) state = stateOf(subnets, state)
    const number = blocks.best.number + 1
    const taken = pool.take(({ call, nonce }, hotkey) => {
      const neuron = subnets.get(call.netuid)!.find((one) => one.hotkey === hotkey)!
      neuron.axon = { ...call.axon, block: number }
      nonces.set(hotkey, nonce + 1)
    })
    if (taken.length > 0) state = stateOf(subnets, state)
    const extrinsics = taken.map(({ transaction }) => transaction.bytes)
    const sealed = blocks.add(state, extrinsics)
    tellWatchers(taken, sealed)
    for (const tell of onBlock) if (!tell(sealed)) onBlock.delete(tell)
  }

  return {
    endpoint: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    genesis: blocks.genesis.hash,
    get block() {
      const { number, hash } = blocks.best
      return { number, hash }
    },
    subnets,
    requests: connections.requests,
    get connections() {
      return connections.opened
    },
    advance(count = 1) {
      for (let done = 0; done < count; done++) seal(done === 0)
    },
    misbehave: (kind, ...methods) => connections.misbehave(kind, methods),
    refuse(number, stage) {
      ordered = number === undefined ? undefined : { number, stage }
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      connections.terminate()
      server.closeAllConnections()
      await closed
    },
  }
}
