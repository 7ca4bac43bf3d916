/** A pair of links without a network: what one end writes, the other reads in a later microtask. */
import type {
  Address,
  CloseInfo,
  Link,
  LinkEvents,
  LinkStream,
  StreamEvents,
} from '../../src/transport/link.js'

const NOBODY: StreamEvents = { onBytes: () => {}, onEnd: () => {}, onReset: () => {} }

class MemoryStream implements LinkStream {
  events: StreamEvents = NOBODY
  other!: MemoryStream
  readonly id: number
  readonly #link: MemoryLink
  readonly #arrived: (() => void)[] = []
  #paused = false
  #over = false
  #finished = false
  /** The other end finished, and that was read here. */
  #ended = false
  #waiting = 0
  #writerWaits = false

  constructor(id: number, link: MemoryLink) {
    this.id = id
    this.#link = link
  }

  /** Bytes that the other end has not read. */
  get waiting(): number {
    return this.#writerWaits ? this.other.#waiting : 0
  }

  write(bytes: Uint8Array): boolean {
    return this.#send(bytes, false)
  }

  end(bytes: Uint8Array = new Uint8Array()): boolean {
    return this.#send(bytes, true)
  }

  #send(given: Uint8Array, fin: boolean): boolean {
    if (this.#finished || this.#over || this.other.#over) return true
    const bytes = Buffer.from(given) // the writer may use its memory again as soon as all is taken
    this.#finished = fin
    this.other.#waiting += bytes.length
    this.other.#later(() => {
      this.other.#waiting -= bytes.length
      if (bytes.length > 0) {
        this.other.events.onBytes(bytes)
        bytes.fill(0xee) // as an engine writes over its memory: who keeps a view is found out
      }
      if (fin && this.#ended) this.#link.forget(this)
      if (fin && !this.other.#over) this.other.#end()
      if (this.#writerWaits && this.other.#waiting < MemoryLink.windowBytes) {
        this.#writerWaits = false
        queueMicrotask(() => !this.#over && this.events.onDrain?.())
      }
    })
    this.#writerWaits = this.other.#waiting >= MemoryLink.windowBytes
    return !this.#writerWaits
  }

  #end(): void {
    this.#ended = true
    if (this.#finished) this.#link.forget(this)
    this.events.onEnd()
  }

  #later(run: () => void): void {
    this.#arrived.push(run)
    queueMicrotask(() => this.#deliver())
  }

  #deliver(): void {
    while (!this.#paused && !this.#over) {
      const run = this.#arrived.shift()
      if (run === undefined) return
      run()
    }
  }

  reset(): void {
    if (this.#over) return
    this.#over = true
    // as QUIC has it: RESET_STREAM where we had not finished, STOP_SENDING where the other end had not
    if (!this.#finished) this.other.#later(() => this.other.lost('the peer reset the stream'))
    else {
      queueMicrotask(() => {
        if (!this.other.#over && !this.other.#finished) this.other.events.onStopped?.()
      })
    }
    this.#link.forget(this)
  }

  lost(reason: string): void {
    if (this.#over) return
    this.#over = true
    this.#link.forget(this)
    this.events.onReset(reason)
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    queueMicrotask(() => this.#deliver())
  }
}

export class MemoryLink implements Link {
  static readonly windowBytes = 256 * 1024
  /** How many streams the other end allows at once. */
  maxStreams = Number.POSITIVE_INFINITY
  readonly remote: Address
  readonly peerCertificate: Uint8Array | undefined
  closed: CloseInfo | undefined
  events: LinkEvents = {}
  isTrusted = false
  other!: MemoryLink
  readonly #streams = new Set<MemoryStream>()
  /** Id of the stream that is opened next. */
  nextId = 0
  #slotWanted = false

  constructor(remote: Address, peerCertificate?: Uint8Array) {
    this.remote = remote
    this.peerCertificate = peerCertificate
  }

  streams(): readonly LinkStream[] {
    return [...this.#streams]
  }

  get waiting(): number {
    let bytes = 0
    for (const stream of this.#streams) bytes += stream.waiting
    return bytes
  }

  openStream(events: StreamEvents): LinkStream | undefined {
    if (this.closed) return undefined
    if (this.#streams.size >= this.maxStreams) {
      this.#slotWanted = true
      return undefined
    }
    const mine = new MemoryStream(this.nextId, this)
    const theirs = new MemoryStream(this.nextId, this.other)
    this.nextId += 4
    mine.other = theirs
    theirs.other = mine
    mine.events = events
    this.#streams.add(mine)
    this.other.#streams.add(theirs)
    this.other.events.onStream?.(theirs)
    return mine
  }

  /** Streams that are not over. */
  get streamCount(): number {
    return this.#streams.size
  }

  forget(stream: MemoryStream): void {
    if (!this.#streams.delete(stream) || !this.#slotWanted) return
    this.#slotWanted = false
    queueMicrotask(() => this.closed === undefined && this.events.onStreamSlot?.())
  }

  trust(): void {
    this.isTrusted = true
  }

  ping(): void {}

  flushed(): Promise<void> {
    return Promise.resolve()
  }

  close(code: number, reason: string): void {
    this.#end({ by: 'local', code, reason, application: true })
    this.other.#end({ by: 'peer', code, reason, application: true })
  }

  #end(info: CloseInfo): void {
    if (this.closed) return
    this.closed = info
    for (const stream of [...this.#streams]) stream.lost(info.reason)
    this.events.onClosed?.(info)
  }
}

/**
 * @param from the address that the miner sees
 * @returns a validator's end, which sees `certificate`, and the miner's end of one connection
 */
export function memoryLinks(
  certificate: Uint8Array,
  from = '127.0.0.1',
): { validator: MemoryLink; miner: MemoryLink } {
  const validator = new MemoryLink({ host: '127.0.0.1', port: 8443 }, certificate)
  const miner = new MemoryLink({ host: from, port: 50_000 })
  validator.other = miner
  miner.other = validator
  return { validator, miner }
}
