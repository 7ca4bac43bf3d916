/** The methods of legacy JSON-RPC that the fake node has. */
import { Buffer } from 'node:buffer'
import { type Block, type Blocks, headerOf, type State } from './blocks.js'
import { fromHex, hashOf, toHex } from './hash.js'
import type { Misbehaviour } from './misbehaviour.js'
import type { Pool, Submitted, Watcher } from './pool.js'
import {
  alreadyImported,
  badFormat,
  executionFailed,
  invalidParams,
  invalidTransaction,
  methodNotFound,
  stateDiscarded,
  unknownBlock,
} from './rpc-error.js'
import { RUNTIME_CALLS, type Runtime } from './runtime-calls.js'
import { runtimeVersionJson } from './runtime-version.js'
import { ScaleReader, ScaleWriter } from './scale.js'
import { storageAt } from './storage.js'

/** Who asks, and how the node is to answer. */
export interface Caller {
  /** What the node lies about in this answer. */
  readonly lies: Misbehaviour | undefined
  /** Opens a subscription; notifications go by `method`. */
  subscribe(method: string): Subscription
  unsubscribe(id: unknown): boolean
}

export interface Subscription {
  readonly id: string
  /** @returns false once nobody listens any more */
  notify(result: unknown): boolean
}

/** What the methods look at. */
export interface Node extends Runtime {
  readonly blocks: Blocks
  readonly pool: Pool
  /** Told of each block, until one says that it has heard enough: false. */
  readonly onBlock: Set<(block: Block) => boolean>
}

type Method = (params: readonly unknown[], node: Node, caller: Caller) => unknown

const GET_NEURONS_LITE = 'NeuronInfoRuntimeApi_get_neurons_lite'

const METHODS: Readonly<Record<string, Method>> = {
  rpc_methods: () => ({ methods: Object.keys(METHODS) }),
  system_chain: () => 'Fake',
  system_name: () => 'Levin fake node',
  system_version: () => '0',
  system_health: () => ({ peers: 0, isSyncing: false, shouldHavePeers: false }),
  system_properties: () => ({ ss58Format: 42, tokenDecimals: 9, tokenSymbol: 'TAO' }),
  system_accountNextIndex: nextIndex,
  account_nextIndex: nextIndex,
  chain_getHead: (_, { blocks }, { lies }) => hashOfHead(blocks.best, lies),
  chain_getFinalizedHead: (_, { blocks }, { lies }) => hashOfHead(blocks.best, lies),
  chain_getBlockHash: ([number], { blocks }, { lies }) => blockHash(number, blocks, lies),
  chain_getHeader: ([hash], { blocks }) => {
    const block = hash == null ? blocks.best : blocks.find(String(hash))
    return block === undefined ? null : headerOf(block)
  },
  chain_getBlock: ([hash], { blocks }) => {
    const block = hash == null ? blocks.best : blocks.find(String(hash))
    if (block === undefined) return null
    const extrinsics = block.extrinsics.map((bytes) => toHex(new ScaleWriter().bytes(bytes).done()))
    return { block: { header: headerOf(block), extrinsics }, justifications: null }
  },
  chain_subscribeNewHeads: (_, node, caller) => followHeads('chain_newHead', node, caller),
  chain_subscribeFinalizedHeads: (_, node, caller) => followHeads('chain_finalizedHead', node, caller),
  chain_unsubscribeNewHeads: ([id], _, caller) => caller.unsubscribe(id),
  chain_unsubscribeFinalizedHeads: ([id], _, caller) => caller.unsubscribe(id),
  state_getRuntimeVersion: ([at], node) => {
    blockAt(at, node)
    return runtimeVersionJson(node.ledger)
  },
  state_subscribeRuntimeVersion: (_, node, caller) => {
    const subscription = caller.subscribe('state_runtimeVersion')
    queueMicrotask(() => subscription.notify(runtimeVersionJson(node.ledger)))
    return subscription.id
  },
  state_unsubscribeRuntimeVersion: ([id], _, caller) => caller.unsubscribe(id),
  state_call: stateCall,
  state_getStorage: ([key, at], node) => storage(key, at, node),
  state_getStorageAt: ([key, at], node) => storage(key, at, node),
  state_queryStorageAt: ([keys, at], node) => {
    const { hash } = blockAt(at, node)
    if (!Array.isArray(keys)) throw invalidParams('a list of keys is wanted')
    return [{ block: hash, changes: keys.map((key) => [key, storage(key, at, node)]) }]
  },
  /** No maps are kept, only single entries. */
  state_getKeysPaged: () => [],
  author_submitExtrinsic: ([bytes], { pool }) => submit(bytes, pool),
  author_submitAndWatchExtrinsic: ([bytes], { pool }, caller) => {
    const early: Parameters<Watcher>[0][] = []
    let tell: Watcher = (status) => void early.push(status)
    submit(bytes, pool, (status) => tell(status))
    const subscription = caller.subscribe('author_extrinsicUpdate')
    tell = (status) => void subscription.notify(status)
    queueMicrotask(() => early.forEach(tell))
    return subscription.id
  },
  author_unwatchExtrinsic: ([id], _, caller) => caller.unsubscribe(id),
}

/** @throws RpcError where a node answers with an error */
export function callMethod(name: unknown, params: readonly unknown[], node: Node, caller: Caller): unknown {
  const method = typeof name === 'string' && Object.hasOwn(METHODS, name) ? METHODS[name] : undefined
  if (method === undefined) throw methodNotFound()
  return method(params, node, caller)
}

function nextIndex([hotkey]: readonly unknown[], { pool }: Node): number {
  return pool.nextNonce(String(hotkey))
}

/** One that belongs to no block; another for each block. */
const strangeHash = (hash: string): string => toHex(hashOf(Buffer.from(hash)))

function hashOfHead({ hash }: Block, lies: Misbehaviour | undefined): string {
  return lies === 'unknown-hashes' ? strangeHash(hash) : hash
}

function blockHash(number: unknown, blocks: Blocks, lies: Misbehaviour | undefined): unknown {
  if (Array.isArray(number)) return number.map((one) => blockHash(one, blocks, lies))
  const block = number == null ? blocks.best : blocks.at(Number(number))
  if (block === undefined) return null
  const lie = block === blocks.genesis ? lies === 'wrong-genesis' : lies === 'unknown-hashes'
  return lie ? strangeHash(block.hash) : block.hash
}

function blockAt(hash: unknown, { blocks }: Node): Block {
  const block = hash == null ? blocks.best : blocks.find(String(hash))
  if (block === undefined) throw unknownBlock(String(hash))
  return block
}

function stateAt(hash: unknown, node: Node): { block: Block; state: State } {
  const block = blockAt(hash, node)
  if (block.state === undefined) throw stateDiscarded(block.hash)
  return { block, state: block.state }
}

function followHeads(method: string, { blocks, onBlock }: Node, caller: Caller): string {
  const subscription = caller.subscribe(method)
  const tell = (block: Block): boolean => subscription.notify(headerOf(block))
  onBlock.add(tell)
  queueMicrotask(() => tell(blocks.best))
  return subscription.id
}

function stateCall([name, input, at]: readonly unknown[], node: Node, { lies }: Caller): string {
  const { block, state: asked } = stateAt(at, node)
  const bytes = fromHex(input)
  if (bytes === undefined) throw invalidParams('the bytes are wanted in hex')
  const call =
    typeof name === 'string' && Object.hasOwn(RUNTIME_CALLS, name) ? RUNTIME_CALLS[name] : undefined
  if (call === undefined) throw executionFailed(`Exported method ${String(name)} is not found`)
  const mixed = lies === 'mixed-blocks' && name === GET_NEURONS_LITE
  const state = mixed ? node.blocks.stateBefore(block)! : asked
  try {
    const answer = call(new ScaleReader(bytes), state, node)
    if (lies === 'too-many-bytes') return `${toHex(answer)}00`
    if (lies === 'too-few-bytes') return toHex(answer.subarray(0, -1))
    return toHex(answer)
  } catch (error) {
    if (error instanceof RangeError) throw executionFailed(error.message)
    throw error
  }
}

function storage(key: unknown, at: unknown, node: Node): string | null {
  const { block, state } = stateAt(at, node)
  const bytes = fromHex(key)
  if (bytes === undefined) throw invalidParams('the key is wanted in hex')
  const value = storageAt(bytes, block, state)
  return value === undefined ? null : toHex(value)
}

function submit(text: unknown, pool: Pool, watch?: Watcher): string {
  const bytes = fromHex(text)
  if (bytes === undefined) throw badFormat('no hex')
  let submitted: Submitted
  try {
    submitted = pool.submit(bytes, watch)
  } catch (error) {
    if (error instanceof RangeError) throw badFormat(error.message)
    throw error
  }
  if (submitted === 'already imported') throw alreadyImported()
  if ('refusal' in submitted) throw invalidTransaction(submitted.refusal)
  return submitted.hash
}
