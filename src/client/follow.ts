/** Keeps a pool's miners what a metagraph says that they are. */
import { inspect } from 'node:util'
import { DOORS, type Door } from '../doors/door.js'
import { LevinError } from '../errors.js'
import type { Logger } from '../logger.js'
import { isReachable } from '../metagraph/reachable.js'
import type { MetagraphSource, Neuron } from '../metagraph/source.js'
import { checkKeys } from '../options.js'
import type { Axon } from './axon.js'

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
  /**
   * How they may be asked, tried in this order; the one that answered is kept, and tried first after it was lost. Each has
   * a second before the next is tried beside it. Of `btauth` and `bittensor10` one may be given: both are at one TCP port.
   * By HTTP nothing is encrypted, and miners do not prove who they are. Default `['quic']`.
   */
  readonly doors?: readonly Door[]
}

/** Ends the following, and what it started of the source. The miners stay as they are. */
export type Unfollow = () => Promise<void>

type SetMiners = (axons: readonly Axon[], doors: readonly Door[]) => Promise<void>

const KEYS: readonly (keyof FollowOptions)[] = ['where', 'address', 'doors']

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
  const { where = isReachable, address = ({ axon }) => axon, doors = ['quic'] } = options
  checkDoors(doors)
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
      await setMiners(axons, doors)
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

/** @throws LevinError CONFIG */
function checkDoors(doors: readonly Door[]): void {
  const isList = Array.isArray(doors) && doors.length > 0 && doors.every((door) => DOORS.includes(door))
  if (isList && new Set(doors.map((door) => door === 'quic')).size === doors.length) return
  throw new LevinError(
    'CONFIG',
    `follow: doors is ${inspect(doors)}; it is a list of quic and one of btauth and bittensor10, as in ['quic', 'bittensor10']`,
  )
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
