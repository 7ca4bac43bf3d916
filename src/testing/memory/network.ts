import { systemClock } from '../../clock.js'
import { LevinError } from '../../errors.js'
import { closeFlushed } from '../../transport/drain.js'
import type { Dialler, Engine, Listener, ListenOptions } from '../../transport/engine.js'
import type { Address, LinkEvents } from '../../transport/link.js'
import type { QuicOptions } from '../../transport/quic-options.js'
import { type MemoryLink, memoryLinks } from './link.js'

const FIRST_PORT = 8443
const FIRST_EPHEMERAL_PORT = 49_152
/** RFC 9000, section 20.1. */
const CONNECTION_REFUSED = 2

/**
 * A network within the process: nothing is sent, and nothing is lost. Frames, handshakes, access, middleware and classes
 * are as in production; packets, TLS, Retry and the limits of half-open connections are not there.
 */
export interface MemoryNetwork {
  /**
   * What a miner or a validator on the machine with this address is given as its `engine`.
   * @param host IP address. Default 127.0.0.1
   *
   * @example new Validator({ signer: testKey('alice'), engine: network.at('192.0.2.7') })
   */
  at(host?: string): Engine
}

/** A network of its own: nobody on it is reached from another one. */
export function memoryNetwork(): MemoryNetwork {
  const network = new Network()
  return { at: (host = '127.0.0.1') => new Machine(host, network) }
}

class Network {
  readonly listeners = new Map<string, MemoryListener>()
  #nextPort = FIRST_EPHEMERAL_PORT

  /** Of one who dials. */
  ephemeralPort(): number {
    if (this.#nextPort > 65_535) this.#nextPort = FIRST_EPHEMERAL_PORT
    return this.#nextPort++
  }
}

const keyOf = ({ host, port }: Address): string => `${host} ${port}`
const ANY: readonly string[] = ['0.0.0.0', '::']

class Machine implements Engine {
  readonly name = 'memory'
  readonly #host: string
  readonly #network: Network

  constructor(host: string, network: Network) {
    this.#host = host
    this.#network = network
  }

  async listen(options: ListenOptions): Promise<Listener> {
    const { host } = options
    const { listeners } = this.#network
    const address = { host: this.#host, port: options.port || this.#freePort() }
    const cannot = (why: string) =>
      new LevinError('CONFIG', `cannot listen on ${host} port ${address.port} in memory: ${why}`)
    if (host !== this.#host && !ANY.includes(host)) throw cannot(`this machine is ${this.#host}`)
    if (listeners.has(keyOf(address))) throw cannot('the port is taken')
    const listener = new MemoryListener(address, options, () => listeners.delete(keyOf(address)))
    listeners.set(keyOf(address), listener)
    return listener
  }

  #freePort(): number {
    let port = FIRST_PORT
    while (this.#network.listeners.has(keyOf({ host: this.#host, port }))) port++
    return port
  }

  dialler(_options: QuicOptions): Dialler {
    const dial = (remote: Address, events: LinkEvents) => {
      const from = { host: this.#host, port: this.#network.ephemeralPort() }
      return this.#network.listeners.get(keyOf(remote))?.dialled(from, events) ?? nobody(from, remote, events)
    }
    // A promise that has resolved already: who dials hears of it before anything else happens.
    return { dial: (remote, events) => Promise.resolve(dial(remote, events)), close: () => {} }
  }
}

/** Nothing may be told before the promise of `dial` was heard, whose turn is the next microtask. */
const afterDial = (run: () => void): void => queueMicrotask(() => queueMicrotask(run))

function nobody(from: Address, to: Address, events: LinkEvents): MemoryLink {
  const { validator } = memoryLinks(new Uint8Array(), from, to)
  validator.events = events
  afterDial(() => validator.fail({ by: 'failed', code: 0, reason: 'nobody listens there' }))
  return validator
}

class MemoryListener implements Listener {
  readonly address: Address
  readonly #options: ListenOptions
  readonly #links = new Set<MemoryLink>()
  readonly #freePort: () => void
  #filtered = 0
  #refused = 0
  #isRefusing = false

  constructor(address: Address, options: ListenOptions, freePort: () => void) {
    this.address = address
    this.#options = options
    this.#freePort = freePort
  }

  dialled(from: Address, events: LinkEvents): MemoryLink {
    const { admitsSource, certificate, onConnection, quic } = this.#options
    const { validator, miner } = memoryLinks(certificate.der, from, this.address)
    validator.events = events
    validator.maxStreams = quic.maxPeerStreams
    if (admitsSource?.(from.host) === false) {
      this.#filtered++ // as a datagram that is dropped: who dialled hears nothing
      return validator
    }
    afterDial(() => {
      if (validator.closed !== undefined) return
      if (this.#isRefusing) {
        this.#refused++
        return validator.fail({ by: 'peer', code: CONNECTION_REFUSED, reason: 'it takes no new connection' })
      }
      this.#links.add(miner)
      miner.whenClosed = () => this.#links.delete(miner)
      onConnection(miner)
      if (validator.closed === undefined) validator.events.onEstablished?.()
    })
    return validator
  }

  get connectionCount(): number {
    return this.#links.size
  }

  stats() {
    return {
      engine: 'memory' as const,
      connections: this.#links.size,
      halfOpen: 0,
      datagramsIn: 0,
      datagramsOut: 0,
      bytesIn: 0,
      bytesOut: 0,
      dropped: {
        filtered: this.#filtered,
        pinned: 0,
        halfOpenFull: 0,
        tooManyFromIp: 0,
        crowded: 0,
        badToken: 0,
        malformed: 0,
      },
      overdrawn: 0,
      retriesSent: 0,
      resetsSent: 0,
      refused: this.#refused,
    }
  }

  refuseNew(): void {
    this.#isRefusing = true
  }

  async close(reason: string, flushMs?: number): Promise<void> {
    this.refuseNew()
    const { clock = systemClock } = this.#options
    await closeFlushed(() => [...this.#links], reason, clock, flushMs)
    this.#freePort()
  }
}
