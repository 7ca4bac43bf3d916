import type { Address, CloseInfo, Link, LinkEvents, LinkStream, StreamEvents } from '../link.js'
import type { Host } from './host.js'
import { QuinnStream } from './stream.js'
import { StreamTable } from './stream-table.js'

/** Steps of client-initiated bidirectional ids (RFC 9000, section 2.1). */
const STREAM_STEP = 4

/** One connection, as its owner knows it. */
export class QuinnLink implements Link {
  readonly remote: Address
  /** How the engine calls it. */
  readonly id: number
  readonly host: Host
  events: LinkEvents = {}
  closed: CloseInfo | undefined
  peerCertificate: Uint8Array | undefined
  /** Streams that have something written which waits for room, and how many bytes that is. */
  waitingStreams = 0
  waiting = 0
  readonly #streams = new StreamTable()
  /** Streams that we opened, and may have opened, in all. */
  #opened = 0
  #credit = 0
  #isSlotWanted = false
  #isEstablished = false
  #whenFlushed: (() => void)[] = []

  constructor(host: Host, id: number, remote: Address) {
    this.host = host
    this.id = id
    this.remote = remote
  }

  // ---- what its owner calls

  streams(): readonly LinkStream[] {
    return this.#streams.toArray()
  }

  openStream(events: StreamEvents): LinkStream | undefined {
    if (this.closed !== undefined || !this.#isEstablished) return undefined
    if (this.#opened >= this.#credit) {
      this.#isSlotWanted = true
      return undefined
    }
    return this.#add(this.#opened++ * STREAM_STEP, events)
  }

  trust(): void {
    if (this.closed === undefined) this.host.native.trust(this.id)
  }

  ping(): void {
    if (this.closed === undefined) this.host.native.ping(this.id)
  }

  flushed(): Promise<void> {
    if (this.closed !== undefined) return Promise.resolve()
    return new Promise((resolve) => {
      this.#whenFlushed.push(resolve)
      this.drained()
    })
  }

  close(code: number, reason: string): void {
    if (this.closed !== undefined) return
    this.host.native.close(this.id, code, reason)
    this.over({ by: 'local', code, reason, application: true })
  }

  // ---- what its streams call

  remove(stream: QuinnStream): void {
    this.#streams.remove(stream)
  }

  /** Nothing waits in one of them any more. */
  drained(): void {
    if (this.#whenFlushed.length === 0 || this.waitingStreams > 0) return
    if (this.closed === undefined && !this.host.native.flush(this.id)) return // a record tells
    for (const resolve of this.#whenFlushed.splice(0)) resolve()
  }

  // ---- what the engine tells

  established(peerCertificate: Uint8Array | undefined): void {
    this.peerCertificate = peerCertificate
  }

  /** The first credit comes with the end of TLS, so that streams can be opened at once. */
  credited(streams: number): void {
    this.#credit = streams
    if (!this.#isEstablished) {
      this.#isEstablished = true
      this.events.onEstablished?.()
    }
    if (!this.#isSlotWanted || this.#opened >= this.#credit) return
    this.#isSlotWanted = false
    this.events.onStreamSlot?.()
  }

  opened(id: number): QuinnStream {
    const stream = this.#add(id, REFUSE)
    if (this.events.onStream === undefined) stream.reset()
    else this.events.onStream(stream)
    return stream
  }

  find(id: number): QuinnStream | undefined {
    return this.#streams.find(id)
  }

  #add(id: number, events: StreamEvents): QuinnStream {
    const stream = new QuinnStream(id, this, events)
    this.#streams.add(stream)
    return stream
  }

  /** The last that is told of it. */
  over(info: CloseInfo): void {
    if (this.closed !== undefined) return
    this.closed = info
    this.host.forget(this)
    const why = info.reason === '' ? `connection closed (${info.by}, code ${info.code})` : info.reason
    for (const stream of this.#streams.toArray()) stream.lost(why)
    for (const resolve of this.#whenFlushed.splice(0)) resolve()
    this.events.onClosed?.(info)
  }
}

/** Until its owner has set its own. */
const REFUSE: StreamEvents = { onBytes: () => {}, onEnd: () => {}, onReset: () => {} }
