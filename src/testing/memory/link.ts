/**
 * A pair of links without a network: what one end writes, the other reads in a later microtask. Flow control is there,
 * and the limit on streams; packets, TLS, losses and time are not.
 */
import type { Address, CloseInfo, Link, LinkEvents, LinkStream, StreamEvents } from '../../transport/link.js'

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
  /** What was written up to our end is on its way. */
  #isFinishing = false

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
    if (fin) this.#finishing(true)
    this.other.#waiting += bytes.length
    this.other.#later(() => {
      this.other.#waiting -= bytes.length
      if (fin) this.#finishing(false)
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

  #finishing(is: boolean): void {
    if (this.#isFinishing === is) return
    this.#isFinishing = is
    this.#link.finishing(is ? 1 : -1)
  }

  /** Nothing more is read here. */
  #isOver(): void {
    this.#over = true
    this.#finishing(false)
    this.other.#finishing(false)
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
    this.#isOver()
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
    this.#isOver()
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
  /** For who listens: the owner has `events`. */
  whenClosed: () => void = () => {}
  readonly #streams = new Set<MemoryStream>()
  /** Id of the stream that is opened next. */
  nextId = 0
  #slotWanted = false
  /** Streams that were finished here, and not read to their end there. */
  #finishing = 0
  readonly #whenFlushed: (() => void)[] = []

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

  finishing(change: 1 | -1): void {
    this.#finishing += change
    if (this.#finishing === 0) for (const resolve of this.#whenFlushed.splice(0)) resolve()
  }

  flushed(): Promise<void> {
    if (this.#finishing === 0 || this.closed !== undefined) return Promise.resolve()
    return new Promise((resolve) => this.#whenFlushed.push(resolve))
  }

  close(code: number, reason: string): void {
    this.#end({ by: 'local', code, reason, application: true })
    this.other.#end({ by: 'peer', code, reason, application: true })
  }

  /** The connection never came to be. */
  fail(why: Omit<CloseInfo, 'application'>): void {
    this.#end({ ...why, application: false })
  }

  #end(info: CloseInfo): void {
    if (this.closed) return
    this.closed = info
    for (const stream of [...this.#streams]) stream.lost(info.reason)
    for (const resolve of this.#whenFlushed.splice(0)) resolve()
    this.whenClosed()
    this.events.onClosed?.(info)
  }
}

const SOMEWHERE: Address = { host: '127.0.0.1', port: 50_000 }
const LISTENER: Address = { host: '127.0.0.1', port: 8443 }

/**
 * Two ends of one connection whose TLS is done.
 * @param certificate DER, which the validator's end sees
 * @param from the address that the miner sees
 * @param to the address that the validator dialled
 */
export function memoryLinks(
  certificate: Uint8Array,
  from = SOMEWHERE,
  to = LISTENER,
): { validator: MemoryLink; miner: MemoryLink } {
  const validator = new MemoryLink(to, certificate)
  const miner = new MemoryLink(from)
  validator.other = miner
  miner.other = validator
  return { validator, miner }
}
