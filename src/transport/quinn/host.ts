/** One native endpoint, and the links on it: turns records into what the links tell their owners. */

import { LevinError } from '../../errors.js'
import { shown } from '../../shown.js'
import type { Address, CloseInfo } from '../link.js'
import type { Addon, NativeEngine, NativeOptions } from './addon.js'
import { QuinnLink } from './link.js'
import { LAST, NEW, RECORD, RecordKind, SharedMemory } from './memory.js'

/** A connection's id modulo this is its handle, which is used again for others. */
const HANDLES = 2 ** 20
/** In a record's flags: that an application closed the connection. */
const APPLICATION = 10
const BY = ['local', 'peer', 'idle', 'failed'] as const

/** What the gate is asked: see `engine/src/receive.rs`. */
export interface Gate {
  admits(host: string): boolean
  hasRoom(host: string): boolean
  enter(host: string): boolean
  /** The place that `enter` took is free again. */
  leave(host: string): void
}

export interface HostEvents {
  readonly gate?: Gate
  /** A connection of somebody else's, whose TLS is done. */
  onConnection?(link: QuinnLink): void
  /** The engine broke, and hears and says nothing any more; every link has been told. */
  onFailure?(error: LevinError): void
}

export class Host {
  readonly native: NativeEngine
  readonly memory = SharedMemory.take()
  readonly #events: HostEvents
  /** By the engine's handle: a link's id says whether it is still meant. */
  readonly #links: (QuinnLink | undefined)[] = []
  #hasFailed = false
  #isClosed = false

  /** @throws Error when the address cannot be bound */
  constructor(addon: Addon, options: NativeOptions, events: HostEvents) {
    this.#events = events
    const { gate } = events
    const ask = gate && ((question: number, host: string) => answer(gate, question, host))
    this.native = new addon.Engine(options, this.#onTurn, ask, this.memory)
  }

  get hasFailed(): boolean {
    return this.#hasFailed
  }

  get links(): QuinnLink[] {
    return this.#links.filter((link) => link !== undefined)
  }

  dial(remote: Address): QuinnLink {
    return this.#add(this.native.dial(remote.host, remote.port), remote)
  }

  #add(id: number, remote: Address): QuinnLink {
    const link = new QuinnLink(this, id, remote)
    this.#links[id % HANDLES] = link
    return link
  }

  forget(link: QuinnLink): void {
    const handle = link.id % HANDLES
    if (this.#links[handle] === link) this.#links[handle] = undefined
  }

  readonly #onTurn = (count: number, failure?: string): void => {
    if (failure !== undefined) {
      this.#hasFailed = true
      // Not in the middle of what was going on when it broke.
      queueMicrotask(() => this.#fail(failure))
      return
    }
    const { records } = this.memory
    const end = count * RECORD
    let id = -1
    let link: QuinnLink | undefined
    for (let at = 0; at < end; at += RECORD) {
      if (records[at + 1] !== id) {
        id = records[at + 1]!
        link = this.#links[id % HANDLES]
        if (link?.id !== id) link = undefined
      }
      if (link === undefined) link = this.#onUnknown(at, id)
      else if (link.closed === undefined) this.#onRecord(link, at)
    }
  }

  #onRecord(link: QuinnLink, at: number): void {
    const { records, arena } = this.memory
    const a = records[at + 2]!
    switch (records[at]) {
      case RecordKind.data: {
        const flags = records[at + 5]!
        const length = records[at + 4]!
        const stream = flags >= NEW ? link.opened(a) : link.find(a)
        if (stream === undefined) return
        const offset = records[at + 3]!
        stream.received(
          length === 0 ? undefined : arena.subarray(offset, offset + length),
          (flags & LAST) !== 0,
        )
        return
      }
      case RecordKind.canWrite:
        link.find(a)?.canWrite()
        return
      case RecordKind.blocked:
        link.find(a)?.blocked()
        return
      case RecordKind.stopped:
        link.find(a)?.stopped()
        return
      case RecordKind.reset:
        link.find(a)?.lost('the peer reset the stream')
        return
      case RecordKind.credit:
        link.credited(a)
        return
      case RecordKind.silent:
        link.events.onSilence?.(a === 1)
        return
      case RecordKind.flushed:
        link.drained()
        return
      case RecordKind.connected:
        link.established(this.native.peerCertificate(link.id) ?? undefined)
        return
      case RecordKind.closed:
        link.over(this.#closeInfo(at))
    }
  }

  /** Of a connection that nobody here has: a new one, or one that we closed. @returns its link, if it has one now */
  #onUnknown(at: number, id: number): QuinnLink | undefined {
    const { records } = this.memory
    const kind = records[at]
    if (kind !== RecordKind.connected && kind !== RecordKind.halfOpenGone) return undefined
    const host = this.memory.text(records[at + 3]!, records[at + 4]!)
    this.#events.gate?.leave(host)
    if (kind === RecordKind.halfOpenGone || this.#events.onConnection === undefined) return undefined
    const link = this.#add(id, { host, port: records[at + 2]! })
    this.#events.onConnection(link)
    return link
  }

  #closeInfo(at: number): CloseInfo {
    const { records } = this.memory
    const flags = records[at + 5]!
    return {
      by: BY[flags % APPLICATION] ?? 'failed',
      code: records[at + 2]!,
      reason: shown(this.memory.text(records[at + 3]!, records[at + 4]!)),
      application: flags >= APPLICATION,
    }
  }

  #fail(reason: string): void {
    for (const link of this.links) link.over({ by: 'failed', code: 0, reason, application: false })
    this.#events.onFailure?.(new LevinError('INTERNAL', reason))
  }

  /** Frees the port. Every link is to be closed before. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.native.shutdown()
    if (!this.#hasFailed) this.memory.giveBack()
  }
}

/** What it throws must not come to the engine, which asks in the middle of a turn. */
function answer(gate: Gate, question: number, host: string): boolean {
  if (question === 0) return gate.admits(host)
  return question === 1 ? gate.hasRoom(host) : gate.enter(host)
}
