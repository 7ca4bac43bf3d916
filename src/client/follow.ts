/** Keeps a pool's miners what a metagraph says that they are. */
import { LevinError } from '../errors.js'
import type { Logger } from '../logger.js'
import { isReachable } from '../metagraph/reachable.js'
import type { MetagraphSource, Neuron } from '../metagraph/source.js'
import { checkKeys } from '../options.js'
import type { Axon } from './axon.js'

/** Which neurons of a metagraph a validator keeps connections to, and where. */
export interface FollowOptions {
  /**
   * Which neurons are asked. Default: those that the reference calls reachable: active, without a validator permit, with
   * an axon of protocol 4 at an IPv4 address that the open internet can reach, and a port.
   */
  readonly where?: (neuron: Neuron) => boolean
  /**
   * Where one of them answers; undefined leaves it out. Default: at its axon. For tests, and for networks of one's own.
   */
  readonly address?: (neuron: Neuron) => { readonly host: string; readonly port: number } | undefined
}

/** Ends the following, and what it started of the source. The miners stay as they are. */
export type Unfollow = () => Promise<void>

type SetMiners = (axons: readonly Axon[]) => Promise<void>

const KEYS = ['where', 'address']

/**
 * @param setMiners closes and connects; what it throws changes nothing
 * @returns when each miner was tried once
 * @throws LevinError CONFIG for an option that is no function or that there is not, what the source's start throws, and
 *   what the first `setMiners` throws
 */
export async function follow(
  source: MetagraphSource,
  options: FollowOptions,
  setMiners: SetMiners,
  logger: Logger,
): Promise<Unfollow> {
  checkKeys('follow', options, KEYS)
  const { where = isReachable, address = ({ axon }) => axon } = options
  if (typeof source?.neurons !== 'function') {
    throw new LevinError(
      'CONFIG',
      "follow: the source is missing; give it one, as in metagraphFile('metagraph.json')",
    )
  }
  if (typeof where !== 'function' || typeof address !== 'function') {
    throw new LevinError('CONFIG', 'follow: where and address are functions of a neuron')
  }
  let last = ''
  const look = async (): Promise<void> => {
    const axons = axonsOf(source, where, address)
    const text = JSON.stringify(axons)
    if (text === last) return
    last = text
    try {
      await setMiners(axons)
    } catch (error) {
      if (last === text) last = '' // the next look tries again
      throw error
    }
  }
  const onChange = (): void => {
    look().catch((error: unknown) =>
      logger.error('the miners are not those of the subnet any more', { error }),
    )
  }
  await source.start()
  const end = source.onChange(onChange)
  let isOver = false
  const unfollow = async (): Promise<void> => {
    if (isOver) return
    isOver = true
    end()
    await source.stop()
  }
  try {
    await look()
  } catch (error) {
    await unfollow()
    throw error
  }
  return unfollow
}

function axonsOf(
  source: MetagraphSource,
  where: Required<FollowOptions>['where'],
  address: Required<FollowOptions>['address'],
): Axon[] {
  const axons: Axon[] = []
  for (const neuron of source.neurons()) {
    const at = where(neuron) ? address(neuron) : undefined
    if (at !== undefined) axons.push({ hotkey: neuron.hotkey, host: at.host, port: at.port })
  }
  return axons
}
