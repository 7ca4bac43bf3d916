/** Connections to any number of miners, kept and mended: what the registry decides is done here. */
import type { Clock } from '../clock.js'
import type { Door } from '../doors/door.js'
import { LevinError } from '../errors.js'
import type { Dialler } from '../transport/engine.js'
import type { CloseInfo } from '../transport/link.js'
import { CloseReason } from '../wire/protocol-texts.js'
import type { AnswerMemory } from './answer-memory.js'
import { Attempt } from './attempt.js'
import { type Axon, checkAxon } from './axon.js'
import type { Limits } from './call-options.js'
import { inPlainWords, reasonOf } from './close-reasons.js'
import type { Connection, Reached, Trial } from './connection.js'
import { DoorsTrial } from './doors/doors-trial.js'
import type { ValidatorSettings } from './options.js'
import { type Change, type Closing, type MinerAddress, Registry, type WantedMiner } from './registry.js'
import { Standby } from './standby.js'
import { connectionCounts, minerStatus, type ValidatorStats } from './stats.js'
import { type MinerConnectionEvent, MinerTally, type Observers } from './watch.js'

/** Addresses that `setMiners` connects at once. One that does not answer holds its place for `connectTimeoutMs`. */
const CONNECTING_AT_ONCE = 256

/** Milliseconds that a silent miner has to acknowledge a ping when another connection to it is through: it is there. */
const LAST_ASK_MS = 150

/** How long and for whom a call waits for a connection. Without a deadline, as long as the attempt may take. */
type Patience = Pick<Limits, 'signal' | 'deadlineAtMs'>

/** What there is to an address that is not idle. */
interface Live {
  readonly attempt: Trial
  /** Settles with the attempt. */
  readonly reached: Promise<void>
  connection: Connection | undefined
  standby: Standby | undefined
}

export class Pool {
  readonly #settings: ValidatorSettings
  readonly #clock: Clock
  readonly #dialler: () => Promise<Dialler>
  readonly #memory: AnswerMemory
  readonly #observers: Observers
  readonly #registry: Registry
  readonly #live = new Map<MinerAddress, Live>()
  readonly #tallies = new Map<string, MinerTally>()
  /** Tries in the background that are to come. */
  readonly #plans = new Map<MinerAddress, () => void>()
  /** Connections that another one took the place of, until the calls on them are over. */
  readonly #retired = new Set<Connection>()
  #closed = false

  constructor(
    settings: ValidatorSettings,
    dialler: () => Promise<Dialler>,
    memory: AnswerMemory,
    observers: Observers,
  ) {
    this.#settings = settings
    this.#memory = memory
    this.#clock = settings.clock
    this.#dialler = dialler
    this.#observers = observers
    const { reconnect, maxConnections } = settings
    this.#registry = new Registry({ reconnecting: reconnect, maxConnections })
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** What is counted of a miner; of one that is unknown, it is made known. @throws LevinError CONFIG for an axon that cannot be dialled */
  tally(axon: Axon): MinerTally {
    return this.#tallyOf(this.#find(axon).axon.hotkey)
  }

  #tallyOf(hotkey: string): MinerTally {
    let tally = this.#tallies.get(hotkey)
    if (tally === undefined) {
      tally = new MinerTally()
      this.#tallies.set(hotkey, tally)
    }
    return tally
  }

  #find(axon: Axon): WantedMiner {
    const known = this.#registry.miners.get(axon.hotkey)
    if (known?.isListed || (known !== undefined && isSamePlace(known.axon, axon))) return known
    checkAxon(axon)
    const { miner, closings } = this.#registry.want(axon)
    this.#close(closings)
    return miner
  }

  /**
   * The connection to a miner that there is.
   * @returns undefined when there is none yet
   * @throws LevinError WRONG_PEER for a miner that is not the one at its address; while its address is left alone, as the last attempt; ABORTED
   */
  ready(axon: Axon): Connection | undefined {
    if (this.#closed) throw closed()
    const miner = this.#find(axon)
    const verdict = this.#registry.verdict(miner, this.#clock.monotonicMs())
    if (verdict instanceof LevinError) throw verdict
    return verdict === 'ready' ? this.#live.get(miner.address)!.connection : undefined
  }

  /**
   * The connection to a miner, made when there is none. One attempt an address runs at a time.
   * @throws LevinError CANNOT_CONNECT, HANDSHAKE_REFUSED, WRONG_PEER, PROTOCOL, TIMED_OUT, ABORTED, CONNECTION_LOST, LIMIT
   */
  async connection(axon: Axon, patience: Patience): Promise<Connection> {
    for (;;) {
      const there = this.ready(axon)
      if (there !== undefined) return there
      const { address } = this.#registry.miners.get(axon.hotkey)!
      const { reached } = this.#live.get(address) ?? this.#dial(address)
      try {
        await this.#patiently(reached, patience, address)
      } catch (error) {
        // It moved while we waited: then its new address counts. Who is on no list any more is not made known again.
        const now = this.#registry.miners.get(axon.hotkey)
        if (this.#registry.knows(address) || now === undefined || patience.signal?.aborted) throw error
      }
    }
  }

  #patiently(reached: Promise<void>, patience: Patience, address: MinerAddress): Promise<void> {
    const { signal, deadlineAtMs } = patience
    const isPatient = deadlineAtMs === Number.POSITIVE_INFINITY
    if (signal === undefined && isPatient) return reached
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(new LevinError('ABORTED', 'the caller aborted', { cause: signal?.reason }))
      const { host, port } = address
      const late = () =>
        reject(
          new LevinError('TIMED_OUT', `connecting to ${host} port ${port}: the deadline of the call passed`),
        )
      const cancelTimer = isPatient
        ? () => {}
        : this.#clock.after(Math.max(0, deadlineAtMs - this.#clock.monotonicMs()), late)
      const over = () => {
        cancelTimer()
        signal?.removeEventListener('abort', onAbort)
      }
      reached.then(resolve, reject).finally(over)
      if (signal?.aborted) onAbort()
      signal?.addEventListener('abort', onAbort)
    })
  }

  #attempt(address: MinerAddress): Trial {
    const { doorsToTry } = address
    if (doorsToTry.length === 1 && doorsToTry[0] === 'quic') return this.#attemptByQuic(address)
    return new DoorsTrial(address, doorsToTry, this.#settings, () => this.#attemptByQuic(address))
  }

  #attemptByQuic(address: MinerAddress, beforeProof?: () => Promise<void>): Attempt {
    const { connectTimeoutMs } = this.#settings
    const dialler = this.#dialler()
    return new Attempt(address, address.hotkeys, this.#settings, dialler, connectTimeoutMs, beforeProof)
  }

  /**
   * @param begun an attempt that runs already
   * @throws LevinError LIMIT when there are as many connections as there may be
   */
  #dial(address: MinerAddress, begun?: Trial): Live {
    const change = this.#registry.dial(address, (other) => this.#isBusy(other))
    this.#apply(change)
    this.#unplan(address)
    const attempt = begun ?? this.#attempt(address)
    const live: Live = {
      attempt,
      reached: attempt.result.then(
        (reached) => this.#reached(address, live, reached),
        (error) => this.#failed(address, live, error),
      ),
      connection: undefined,
      standby: undefined,
    }
    live.reached.catch(() => {}) // nobody has to wait for it
    this.#live.set(address, live)
    return live
  }

  #isBusy({ hotkeys }: MinerAddress): boolean {
    for (const hotkey of hotkeys) if ((this.#tallies.get(hotkey)?.running ?? 0) > 0) return true
    return false
  }

  #reached(address: MinerAddress, live: Live, reached: Reached): void {
    const { door, hotkey, clockSkewSeconds } = reached
    if (this.#live.get(address) !== live) {
      reached.discard(CloseReason.clientShutdown)
      throw closed()
    }
    if (reached.closed !== undefined) this.#failed(address, live, lost(reached.closed))
    if (hotkey !== undefined && !address.hotkeys.has(hotkey)) {
      reached.discard(CloseReason.noAuthenticatedHotkeys)
      this.#failed(address, live, new LevinError('WRONG_PEER', `${hotkey} answers there`))
    }
    this.#registry.proved(address, hotkey, door)
    if (hotkey !== undefined) this.#tallyOf(hotkey).clockSkewSeconds = clockSkewSeconds
    const connection: Connection = reached.connect(
      address,
      {
        onSilence: (isSilent) => this.#onSilence(address, live, isSilent),
        onClosed: (info) => {
          this.#retired.delete(connection)
          this.#onClosed(address, live, info)
        },
      },
      this.#memory,
      (axon) => this.#tallyOf(axon.hotkey),
    )
    live.connection = connection
    this.#tell(hotkey === undefined ? 'reached' : 'authenticated', address, undefined, live)
  }

  #failed(address: MinerAddress, live: Live, error: LevinError): never {
    if (this.#live.get(address) === live) {
      this.#live.delete(address)
      this.#registry.failed(address, error, this.#clock.monotonicMs(), Math.random())
      this.#tell('failed', address, error, live)
      this.#plan(address, address.backoff.waitMs(this.#clock.monotonicMs()))
    }
    throw error
  }

  #onClosed(address: MinerAddress, live: Live, info: CloseInfo): void {
    if (this.#live.get(address) !== live) return
    if (this.#lose(address, live, lost(info))) return
    // Two programs with one hotkey would throw each other out for ever.
    if (info.reason !== CloseReason.replaced) this.#plan(address, this.#settings.reconnect.firstMs)
  }

  /**
   * A miner that does not even acknowledge is gone, or busy, or behind a router that forgot our port: whether another
   * connection comes through tells. Then that one is for the calls from there on. Those that run stay where they are: they
   * may still be answered, and are never asked twice.
   */
  #onSilence(address: MinerAddress, live: Live, isSilent: boolean): void {
    if (this.#live.get(address) !== live) return
    const { reconnect } = this.#settings
    // A miner that hears us on both is not asked to choose: it has one more time to be heard on the one that there is.
    const lastAsk = () => {
      live.connection?.ping()
      return new Promise<void>((resolve) => void this.#clock.after(LAST_ASK_MS, resolve))
    }
    const begin = () => this.#attemptByQuic(address, lastAsk)
    live.standby ??= new Standby(begin, reconnect, this.#clock, () => void this.#replace(address, live))
    live.standby.silence(isSilent)
  }

  async #replace(address: MinerAddress, live: Live): Promise<void> {
    const silent = live.connection!
    this.#retired.add(silent)
    this.#lose(
      address,
      live,
      new LevinError('CONNECTION_LOST', 'it fell silent, and another one came through'),
    )
    const next = this.#live.get(address)
    await next?.reached.catch(() => {})
    silent.retire(next?.connection)
  }

  /** @returns whether an attempt at another connection runs already */
  #lose(address: MinerAddress, live: Live, error: LevinError): boolean {
    this.#live.delete(address)
    this.#tell('closed', address, error)
    this.#registry.lost(address, error)
    const attempt = live.standby?.handOver()
    if (attempt !== undefined) this.#dial(address, attempt)
    return attempt !== undefined
  }

  /** Tries an address again after a while, when that is wished. */
  #plan(address: MinerAddress, ms: number): void {
    if (!this.#settings.reconnect.background || this.#closed) return
    const run = () => {
      this.#plans.delete(address)
      if (!this.#registry.knows(address) || address.phase !== 'idle') return
      try {
        this.#dial(address)
      } catch (error) {
        const message = 'a miner is not connected again'
        this.#settings.noise.note(message, message, { error }, 'warn')
      }
    }
    this.#plans.set(address, this.#clock.after(ms, run))
  }

  #unplan(address: MinerAddress): void {
    this.#plans.get(address)?.()
    this.#plans.delete(address)
  }

  /**
   * Makes the pool what a list says, and connects all that is not connected.
   * @param forgives whether also what failed a moment ago
   * @param doors that are tried of those that name none; default QUIC alone
   * @returns when each of these was tried once
   * @throws LevinError CONFIG, LIMIT; then nothing has changed
   */
  async setMiners(axons: readonly Axon[], forgives = true, doors?: readonly Door[]): Promise<void> {
    if (this.#closed) throw closed()
    for (const axon of axons) checkAxon(axon)
    this.#apply(this.#registry.reconcile(axons, forgives, doors))
    const nowMs = this.#clock.monotonicMs()
    const waiting = [...this.#registry.addresses].filter(
      ({ phase, backoff }) => phase !== 'connected' && backoff.waitMs(nowMs) === 0,
    )
    const connectNext = async (): Promise<void> => {
      for (let address = waiting.shift(); address !== undefined; address = waiting.shift()) {
        if (!this.#registry.knows(address) || address.phase === 'connected' || this.#closed) continue
        const live = this.#live.get(address) ?? this.#dial(address)
        await live.reached.catch(() => {}) // it is in `stats()`, and the next query to it says so
      }
    }
    await Promise.all(Array.from({ length: CONNECTING_AT_ONCE }, connectNext))
  }

  #apply({ closings, gone }: Change): void {
    this.#close(closings)
    for (const hotkey of gone) this.#tallies.delete(hotkey)
  }

  #close(closings: readonly Closing[]): void {
    for (const { address, reason } of closings) this.#end(address, reason)
    for (const address of this.#plans.keys()) if (!this.#registry.knows(address)) this.#unplan(address)
  }

  #end(address: MinerAddress, reason: CloseReason): void {
    const live = this.#live.get(address)
    this.#live.delete(address)
    live?.standby?.stop()
    live?.attempt.giveUp(
      new LevinError('ABORTED', `the connection is not wanted any more (${reason})`),
      reason,
    )
    live?.connection?.closeWith(reason)
  }

  /** @param live what has just been reached, or was not */
  #tell(state: MinerConnectionEvent['state'], address: MinerAddress, error?: LevinError, live?: Live): void {
    if (!this.#observers.hears('connection')) return
    const { host, port, door, proven, backoff } = address
    const nowMs = this.#clock.monotonicMs()
    const retryInMs = state === 'failed' ? backoff.waitMs(nowMs) : undefined
    const durationMs = live && nowMs - live.attempt.beganMs
    const hotkey = proven
    this.#observers.tell('connection', { state, host, port, door, hotkey, error, retryInMs, durationMs })
  }

  /** Those of the list, as it gave them. */
  miners(): Axon[] {
    return [...this.#registry.miners.values()].filter(({ isListed }) => isListed).map(({ axon }) => axon)
  }

  /** Hotkeys of the miners that can be asked at once. */
  authenticated(): string[] {
    return [...this.#live.keys()].flatMap(({ proven }) => proven ?? [])
  }

  stats(): ValidatorStats {
    const nowMs = this.#clock.monotonicMs()
    const miners = [...this.#registry.miners].map(([hotkey, miner]) => [
      hotkey,
      minerStatus(miner, this.#tallies.get(hotkey) ?? new MinerTally(), nowMs),
    ])
    return {
      connections: connectionCounts(this.#registry.addresses, nowMs),
      miners: Object.fromEntries(miners),
    }
  }

  close(): void {
    this.#closed = true
    for (const address of [...this.#live.keys()]) this.#end(address, CloseReason.clientShutdown)
    for (const address of [...this.#plans.keys()]) this.#unplan(address)
    for (const connection of this.#retired) connection.closeWith(CloseReason.clientShutdown)
  }
}

const isSamePlace = (one: Axon, other: Axon): boolean =>
  one.port === other.port && one.host === other.host && (one.door ?? 'quic') === (other.door ?? 'quic')

const closed = (): LevinError => new LevinError('ABORTED', 'the validator was closed')

const lost = (info: CloseInfo): LevinError =>
  new LevinError('CONNECTION_LOST', `the connection ended: ${inPlainWords(reasonOf(info))}`)
