/**
 * A client that costs as little as one can: it asks by HTTP as bittensor 10's dendrite does, with a connection for each
 * request in flight. What it measures is who answers. Prints one JSON line.
 */
import { connect, type Socket } from 'node:net'
import { seedSigner, synapse } from 'levin'
import { inFlight, measureLoad, seconds, size } from './client-load.js'
import { axon, WARM_UP_MS } from './connect.js'

// not public: nobody else asks by hand
const { synapseRequest } = await import(
  new URL('../../../dist/doors/bittensor10/request.js', import.meta.url).href
)
const signer = seedSigner(new Uint8Array(32).fill(2))
const Echo = synapse('Echo', {})
const data = { payload: Buffer.alloc(size, 7) }
/** So long a request may be on its way from being signed: both miners take it until then. */
const TIMEOUT_MS = 30_000
/** Signed before anything is measured. More than these are signed as they are needed. */
const SIGNED_A_SECOND = 4_000

/** The next to be sent: in the order of their nonces, of which who is asked remembers only so many. */
const signed: Buffer[] = []
let taken = 0
let nowNs = BigInt(Date.now()) * 1_000_000n

async function sign(): Promise<Buffer> {
  const { headers, body } = await synapseRequest(signer, {
    definition: Echo,
    data,
    timeoutMs: TIMEOUT_MS,
    axon: { ip: axon.host, port: axon.port, hotkey: axon.hotkey },
    ip: axon.host,
    uuid: `bench-${nowNs}`,
    nowNs: nowNs++,
  })
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `POST /Echo HTTP/1.1\r\nhost: ${axon.host}:${axon.port}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`
  return Buffer.from(`${head}${lines.join('')}\r\n${body}`)
}

class Connection {
  readonly #socket: Socket = connect(axon.port, axon.host).setNoDelay()
  #received = ''
  #answered: (answer: string) => void = () => {}

  constructor() {
    this.#socket.setEncoding('latin1').on('data', (text: string) => this.#read(text))
    this.#socket.on('error', fail).on('close', () => fail(new Error('the miner closed the connection')))
  }

  async ask(): Promise<void> {
    const request = signed[taken++] ?? (await sign())
    const answer = new Promise<string>((resolve) => {
      this.#answered = resolve
    })
    this.#socket.write(request)
    const { payload } = JSON.parse(await answer) as { payload?: string }
    if (payload?.length !== Math.ceil(size / 3) * 4)
      throw new Error(`the answer is not the request: ${await answer}`)
  }

  #read(text: string): void {
    this.#received += text
    const end = this.#received.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.#received)?.[1]
    if (length === undefined) throw new Error(`no length: ${this.#received.slice(0, end)}`)
    if (this.#received.length < end + 4 + Number(length)) return
    const body = this.#received.slice(end + 4)
    this.#received = ''
    this.#answered(body)
  }

  close(): void {
    this.#socket.removeAllListeners('close').destroy()
  }
}

function fail(error: Error): never {
  throw error
}

const connections = Array.from({ length: inFlight }, () => new Connection())
const ahead = SIGNED_A_SECOND * (seconds + WARM_UP_MS / 1000)
while (signed.length < ahead) signed.push(await sign())

await measureLoad({
  frameBytes: (await sign()).length,
  ask: (worker) => connections[worker]!.ask(),
  close() {
    for (const connection of connections) connection.close()
  },
  async setUpMs() {
    const begin = performance.now()
    const connection = new Connection()
    await connection.ask()
    connection.close()
    return performance.now() - begin
  },
})
