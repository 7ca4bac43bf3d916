/** What all that asks the chain is told of it, checked. */
import { inspect } from 'node:util'
import { type Clock, systemClock } from '../clock.js'
import { LevinError } from '../errors.js'
import { integer, milliseconds } from '../options.js'
import { NETWORKS, type Network } from './networks.js'

/**
 * Which chain: one that has a name, by its public nodes; or nodes of your own. With both, your own nodes are refused
 * when they serve another chain than the one that is named.
 */
export type WhichChain =
  | { readonly network: Network; readonly endpoints?: readonly string[] }
  | { readonly network?: Network; readonly endpoints: readonly string[] }

/** Which chain, which subnet, and how long its nodes may take. */
export type ChainOptions = WhichChain & {
  /** The subnet. */
  readonly netuid: number
  /** Milliseconds for connecting to a node. Default 30,000, as btlightning. */
  readonly connectTimeoutMs?: number
  /** Milliseconds for what is asked of a node together. Default 60,000, as btlightning. */
  readonly syncTimeoutMs?: number
  /** Milliseconds from one request to a node to the next. Default 1,000: public nodes allow no more. */
  readonly requestGapMs?: number
  /** Bytes of one answer. Default 16 MiB, a hundred times what 256 neurons need. */
  readonly maxAnswerBytes?: number
  /** For tests: another clock than the machine's. */
  readonly clock?: Clock
}

/** What a connection needs to know. */
export interface ChainSettings {
  readonly endpoints: readonly string[]
  readonly genesis: string | undefined
  readonly connectTimeoutMs: number
  readonly syncTimeoutMs: number
  readonly requestGapMs: number
  readonly maxAnswerBytes: number
  readonly clock: Clock
}

export const CHAIN_KEYS = [
  'network',
  'endpoints',
  'netuid',
  'connectTimeoutMs',
  'syncTimeoutMs',
  'requestGapMs',
  'maxAnswerBytes',
  'clock',
]

/** More than anybody runs; a list of thousands is something else that was put here. */
const MOST_ENDPOINTS = 16

/** @throws LevinError CONFIG naming the option and what it may be */
export function checkChain(where: string, options: ChainOptions): ChainSettings {
  const { network, endpoints } = options
  if (network !== undefined && !Object.hasOwn(NETWORKS, network)) {
    const names = Object.keys(NETWORKS).join(', ')
    throw new LevinError('CONFIG', `${where}: network is ${inspect(network)}; it is one of ${names}`)
  }
  if (network === undefined && endpoints === undefined) {
    throw new LevinError('CONFIG', `${where}: give it a network ('finney'), or endpoints (['wss://...'])`)
  }
  const named = network === undefined ? undefined : NETWORKS[network]
  return {
    endpoints: checkEndpoints(where, endpoints ?? named?.endpoints),
    genesis: named?.genesis,
    connectTimeoutMs: milliseconds(where, 'connectTimeoutMs', options.connectTimeoutMs ?? 30_000),
    syncTimeoutMs: milliseconds(where, 'syncTimeoutMs', options.syncTimeoutMs ?? 60_000),
    requestGapMs: integer(where, 'requestGapMs', options.requestGapMs ?? 1000, 0, 60_000),
    maxAnswerBytes: integer(where, 'maxAnswerBytes', options.maxAnswerBytes ?? 2 ** 24, 1024, 2 ** 30),
    clock: options.clock ?? systemClock,
  }
}

/** @throws LevinError CONFIG */
export const checkNetuid = (where: string, netuid: number): number =>
  integer(where, 'netuid', netuid, 0, 65_535)

function checkEndpoints(where: string, endpoints: unknown): readonly string[] {
  if (!Array.isArray(endpoints) || endpoints.length === 0 || endpoints.length > MOST_ENDPOINTS) {
    const rule = `it is a list of 1 to ${MOST_ENDPOINTS} addresses such as 'wss://node.example:443'`
    throw new LevinError(
      'CONFIG',
      `${where}: endpoints is ${inspect(endpoints, { maxArrayLength: 3 })}; ${rule}`,
    )
  }
  for (const endpoint of endpoints) {
    const isOne = typeof endpoint === 'string' && /^wss?:\/\//.test(endpoint) && URL.canParse(endpoint)
    if (isOne && new URL(endpoint).hash === '') continue
    throw new LevinError(
      'CONFIG',
      `${where}: endpoints has ${inspect(endpoint)}; an endpoint begins with ws:// or wss://`,
    )
  }
  return [...endpoints]
}
