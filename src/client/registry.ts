/**
 * Pure. Which miners are wanted at which address, and what is known of each address: from it follows what is dialled,
 * what is closed, and what a query is told without anything being sent.
 */
import type { Door } from '../doors/door.js'
import { LevinError } from '../errors.js'
import { CloseReason } from '../wire/protocol-texts.js'
import type { Axon } from './axon.js'
import { Backoff, type Reconnecting } from './backoff.js'

export type Phase = 'idle' | 'connecting' | 'connected'

/** From which phase what happens leads where; anything else is a defect of ours. */
const STEPS = {
  dial: { from: 'idle', to: 'connecting' },
  prove: { from: 'connecting', to: 'connected' },
  fail: { from: 'connecting', to: 'idle' },
  lose: { from: 'connected', to: 'idle' },
} as const satisfies Record<string, { from: Phase; to: Phase }>

/** One ip:port, and all hotkeys that are listed there. */
export class MinerAddress {
  readonly host: string
  readonly port: number
  /** That may be knocked at, in this order. */
  readonly doors: readonly Door[]
  /** The one that answered last. */
  door: Door | undefined
  readonly hotkeys = new Set<string>()
  readonly backoff: Backoff
  phase: Phase = 'idle'
  /** The one hotkey that authenticated on the connection that there is; by HTTP nobody does. */
  proven: string | undefined
  lastFailure: LevinError | undefined
  /** Since it is known. */
  attempts = 0
  /** When it was last asked for. */
  usedMs = 0

  constructor({ host, port }: Axon, doors: readonly Door[], reconnecting: Reconnecting) {
    this.host = host
    this.port = port
    this.doors = doors
    this.backoff = new Backoff(reconnecting)
  }

  /** The one that answered last comes first: an address is asked again as it answered. */
  get doorsToTry(): readonly Door[] {
    const { door, doors } = this
    return door === undefined ? doors : [door, ...doors.filter((other) => other !== door)]
  }

  step(name: keyof typeof STEPS): void {
    const { from, to } = STEPS[name]
    if (this.phase !== from)
      throw new LevinError('INTERNAL', `cannot ${name} an address that is ${this.phase}`)
    this.phase = to
  }
}

export interface WantedMiner {
  readonly axon: Axon
  readonly address: MinerAddress
  /** By `setMiners`, whose word on its address then counts. */
  readonly isListed: boolean
}

/** A connection, or the attempt at one, that must end now. */
export interface Closing {
  readonly address: MinerAddress
  readonly reason: CloseReason
}

export interface Change {
  readonly closings: readonly Closing[]
  /** Miners that are no longer known. */
  readonly gone: readonly string[]
}

interface Place {
  readonly host: string
  readonly port: number
}

export interface RegistryOptions {
  readonly reconnecting: Reconnecting
  readonly maxConnections: number
}

const QUIC: readonly Door[] = ['quic']

const keyOf = ({ host, port }: Place, doors: readonly Door[]): string => `${host}|${port}|${doors.join('|')}`

export class Registry {
  readonly #options: RegistryOptions
  readonly #miners = new Map<string, WantedMiner>()
  readonly #addresses = new Map<string, MinerAddress>()

  constructor(options: RegistryOptions) {
    this.#options = options
  }

  get miners(): ReadonlyMap<string, WantedMiner> {
    return this.#miners
  }

  get addresses(): Iterable<MinerAddress> {
    return this.#addresses.values()
  }

  /** Addresses with a connection, or an attempt at one. */
  get connections(): number {
    let count = 0
    for (const { phase } of this.#addresses.values()) if (phase !== 'idle') count++
    return count
  }

  /** Whether this very address is still wanted. */
  knows(address: MinerAddress): boolean {
    return this.#addresses.get(keyOf(address, address.doors)) === address
  }

  /**
   * The whole list of miners, in place of the one before: those that are absent go, those that moved are wanted at their
   * new address.
   * @param doors of those that name none
   * @param forgives whether every address may be tried at once; else those that failed are left alone as long as before
   * @throws LevinError CONFIG for a hotkey at two addresses, LIMIT for more addresses than there may be connections; then nothing has changed
   */
  reconcile(axons: readonly Axon[], forgives = true, doors: readonly Door[] = QUIC): Change {
    const key = (axon: Axon): string => keyOf(axon, doorsOf(axon, doors))
    const wanted = new Map<string, Axon>()
    for (const axon of axons) {
      const before = wanted.get(axon.hotkey)
      if (before !== undefined && key(before) !== key(axon)) {
        throw new LevinError(
          'CONFIG',
          `setMiners: miner ${axon.hotkey} is listed at two addresses: give each hotkey once`,
        )
      }
      wanted.set(axon.hotkey, axon)
    }
    const addresses = new Set(axons.map(key)).size
    const { maxConnections } = this.#options
    if (addresses > maxConnections) {
      throw new LevinError(
        'LIMIT',
        `setMiners: the list has ${addresses} addresses, maxConnections is ${maxConnections}`,
      )
    }
    const closings: Closing[] = []
    const gone = [...this.#miners.keys()].filter((hotkey) => !wanted.has(hotkey))
    for (const hotkey of gone) closings.push(...this.#remove(hotkey, CloseReason.minerDeregistered))
    for (const axon of wanted.values()) closings.push(...this.#put(axon, doors, true))
    if (forgives) for (const { backoff } of this.#addresses.values()) backoff.reset()
    return { closings, gone }
  }

  /** The miner of a query: where the list says, or, when it is on none, where the axon says. */
  want(axon: Axon): { readonly miner: WantedMiner; readonly closings: readonly Closing[] } {
    const known = this.#miners.get(axon.hotkey)
    if (known?.isListed) return { miner: known, closings: [] }
    const closings = this.#put(axon, QUIC, false)
    return { miner: this.#miners.get(axon.hotkey)!, closings }
  }

  #put(axon: Axon, doors: readonly Door[], isListed: boolean): Closing[] {
    const { hotkey } = axon
    const own = doorsOf(axon, doors)
    const key = keyOf(axon, own)
    const known = this.#miners.get(hotkey)
    const stays = known !== undefined && keyOf(known.address, known.address.doors) === key
    const closings = known === undefined || stays ? [] : this.#remove(hotkey, CloseReason.minerAddressChanged)
    const address = this.#addresses.get(key) ?? new MinerAddress(axon, own, this.#options.reconnecting)
    this.#addresses.set(key, address)
    address.hotkeys.add(hotkey)
    this.#miners.set(hotkey, { axon, address, isListed })
    return closings
  }

  #remove(hotkey: string, reason: CloseReason): Closing[] {
    const { address } = this.#miners.get(hotkey)!
    this.#miners.delete(hotkey)
    address.hotkeys.delete(hotkey)
    const isEmpty = address.hotkeys.size === 0
    if (isEmpty) this.#addresses.delete(keyOf(address, address.doors))
    // Who is left on it did not prove itself there: another connection may show that it is the one there now.
    const isUseless = address.proven === hotkey
    if (address.phase === 'idle' || !(isEmpty || isUseless)) return []
    address.phase = 'idle'
    address.proven = undefined
    address.backoff.reset()
    return [{ address, reason }]
  }

  /**
   * What a query to a miner can do now: use the connection that there is, wait for the attempt that runs, dial, or take
   * the error.
   */
  verdict({ axon, address }: WantedMiner, nowMs: number): 'ready' | 'wait' | 'dial' | LevinError {
    address.usedMs = nowMs
    if (address.phase === 'connected') {
      // who proved nothing is asked all the same: a request is signed for one hotkey, and others do not take it
      const isThere = address.proven === undefined || address.proven === axon.hotkey
      return isThere ? 'ready' : wrongPeer(axon, address)
    }
    if (address.phase === 'connecting') return 'wait'
    const waitMs = address.backoff.waitMs(nowMs)
    if (waitMs === 0) return 'dial'
    const { code = 'CANNOT_CONNECT', message } = address.lastFailure ?? {}
    return new LevinError(
      code,
      `not tried again for ${Math.ceil(waitMs)} ms, after ${address.backoff.failures} failures; the last one: ${message}`,
    )
  }

  /**
   * An attempt begins.
   * @param isBusy whether calls run on an address
   * @returns the connection that has to make room for it: of those that no list names and no call uses, the one that was used least lately
   * @throws LevinError LIMIT when there is none
   */
  dial(address: MinerAddress, isBusy: (address: MinerAddress) => boolean): Change {
    const change = this.#makeRoom(isBusy)
    address.step('dial')
    address.attempts++
    return change
  }

  #makeRoom(isBusy: (address: MinerAddress) => boolean): Change {
    const { maxConnections } = this.#options
    if (this.connections < maxConnections) return { closings: [], gone: [] }
    let oldest: MinerAddress | undefined
    for (const address of this.#addresses.values()) {
      if (address.phase !== 'connected' || isBusy(address) || this.#isListed(address)) continue
      if (oldest === undefined || address.usedMs < oldest.usedMs) oldest = address
    }
    if (oldest === undefined) {
      throw new LevinError('LIMIT', `there are ${maxConnections} connections, which is maxConnections`)
    }
    const gone = [...oldest.hotkeys]
    return { closings: gone.flatMap((hotkey) => this.#remove(hotkey, CloseReason.clientShutdown)), gone }
  }

  #isListed({ hotkeys }: MinerAddress): boolean {
    for (const hotkey of hotkeys) if (this.#miners.get(hotkey)!.isListed) return true
    return false
  }

  /** The attempt came to a connection, on which this hotkey authenticated; by HTTP nobody does. */
  proved(address: MinerAddress, hotkey: string | undefined, door: Door): void {
    address.step('prove')
    address.door = door
    address.proven = hotkey
    address.lastFailure = undefined
    address.backoff.reset()
  }

  /** @param random from 0 up to 1 */
  failed(address: MinerAddress, error: LevinError, nowMs: number, random: number): void {
    address.step('fail')
    address.lastFailure = error
    address.backoff.failed(nowMs, random)
  }

  /** The connection ended, and not by us. The next query may dial at once. */
  lost(address: MinerAddress, error: LevinError): void {
    address.step('lose')
    address.proven = undefined
    address.lastFailure = error
  }
}

const doorsOf = ({ door }: Axon, others: readonly Door[]): readonly Door[] =>
  door === undefined ? others : [door]

export function wrongPeer({ hotkey }: Axon, { host, port, proven }: MinerAddress): LevinError {
  return new LevinError(
    'WRONG_PEER',
    `wanted miner ${hotkey}, but ${proven} answers at ${host} port ${port}; nothing was sent`,
  )
}
