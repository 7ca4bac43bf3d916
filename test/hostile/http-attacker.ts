/**
 * What strangers and a validator do to a miner's HTTP doors: `http-attacker.js --attack NAME --port P --count N --seed N`.
 * Each connection comes from an address of its own in 127.0.0.0/8. Attacks:
 *
 *     slow         COUNT connections: a byte of a head a second, a body that stops, and nothing at all
 *     signatures   COUNT requests, well formed and badly signed
 *     headers      COUNT heads of 64 KiB, in one header and in thousands
 *     framings     COUNT times each message of which two readers might not agree where it ends
 *     bodies       COUNT bodies of 1 GiB, with their length and in chunks, of strangers and of a validator
 *     unread       COUNT connections of a validator that asks and asks and reads nothing
 *
 * Says what it sent as one line, and then goes on being there. What the miner did about it is in `notes`.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { countEach } from '../faults/report.js'
import { option } from '../interop/options.js'
import { seeded } from '../wire/seeded.js'
import { FAULTY, FRAMINGS } from './http-framings.js'
import { badlySigned, HTTP_DOORS, HttpSigner, head, inOrder, lineOf } from './http-requests.js'
import type { Sent } from './means.js'

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB
/** What is run when it should not be. */
const COUNTED = 'counted'
/** An answer of this many bytes is asked for where nobody reads it. */
const UNREAD_BYTES = 64 * KIB
const AT_ONCE = 64
/** How long the miner has to end what it will not have. */
const END_MS = 90_000

const port = Number(option('port'))
const count = Number(option('count'))
const random = seeded(Number(option('seed')))
const signer = new HttpSigner()
const sent = { packets: 0, bytes: 0, received: 0, connections: 0, closed: 0, asked: 0 }
const notes: string[] = []

/** A connection, and what came back on it. */
class Client {
  readonly socket: Socket
  readonly closed: Promise<void>
  isClosed = false
  /** Of each answer. */
  readonly statuses: number[] = []
  #text = ''
  #arrived: (() => void) | undefined

  constructor(localAddress: string) {
    sent.connections++
    this.socket = connect({ port, host: '127.0.0.1', localAddress })
    this.socket.setNoDelay(true)
    this.socket.on('error', () => {}) // it is closed, which is what it may be
    this.closed = new Promise((resolve) => {
      this.socket.once('close', () => {
        this.isClosed = true
        sent.closed++
        this.#arrived?.()
        resolve()
      })
    })
    this.socket.on('data', (bytes) => {
      sent.received += bytes.length
      this.#text += bytes.toString('latin1')
      const found = [...this.#text.matchAll(/HTTP\/1\.1 (\d{3})/g)]
      this.statuses.push(...found.map(([, status]) => Number(status)).filter((status) => status >= 200))
      // what may be the beginning of the next
      this.#text = this.#text.slice(-'HTTP/1.1 20'.length)
      if (found.length > 0) this.#arrived?.()
    })
  }

  /** Resolves to whether more can be sent. */
  async write(bytes: Uint8Array): Promise<boolean> {
    if (this.isClosed || this.socket.destroyed) return false
    sent.packets++
    sent.bytes += bytes.length
    if (!this.socket.write(bytes))
      await Promise.race([once(this.socket, 'drain').catch(() => {}), this.closed])
    return !this.isClosed
  }

  /** The next answer's status, `closed`, or `nothing`. */
  async answer(): Promise<string> {
    const seen = this.statuses.length
    const over = new AbortController()
    await Promise.race([
      new Promise<void>((resolve) => {
        this.#arrived = resolve
        if (this.isClosed) resolve()
      }),
      sleep(END_MS, undefined, { signal: over.signal }).catch(() => {}),
    ])
    over.abort()
    const status = this.statuses[seen]
    return status === undefined ? (this.isClosed ? 'closed' : 'nothing') : String(status)
  }
}

/** An address that nobody else has. */
const strange = (): string => `127.${2 + random.int(250)}.${random.int(256)}.${1 + random.int(254)}`

/** So many at once, until all is done. */
async function each(total: number, run: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const again = async (): Promise<void> => {
    while (next < total) await run(next++)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, total) }, again))
}

/** One good request by each door: what follows is an attack on something that works. */
async function control(): Promise<void> {
  for (const door of HTTP_DOORS) {
    const client = new Client('127.0.0.1')
    await client.write(inOrder(COUNTED, await signer.request(door, COUNTED, {})))
    const answer = await client.answer()
    if (answer !== '200') throw new Error(`${door}: a good request was answered ${answer}`)
    sent.asked++
    client.socket.destroy()
  }
}

async function slow(): Promise<void> {
  const { headers, body } = await signer.request('bittensor10', COUNTED, { text: 'a'.repeat(KIB) })
  const request = inOrder(COUNTED, { headers, body })
  /** What is sent at once; then a byte a second. */
  const starts = [
    request.subarray(0, 0),
    request.subarray(0, 20),
    request.subarray(0, request.length - body.length),
    request.subarray(0, request.length - 500),
  ]
  const clients = Array.from({ length: count }, (_, i) => ({
    client: new Client(strange()),
    start: starts[i % starts.length]!,
    isSilent: i % 3 === 0,
  }))
  await Promise.all(clients.map(({ client, start }) => client.write(start)))
  const begin = performance.now()
  for (let at = 0; clients.some(({ client }) => !client.isClosed); at++) {
    if (performance.now() - begin > END_MS) break
    await sleep(1000)
    for (const { client, start, isSilent } of clients) {
      if (!isSilent) void client.write(request.subarray(start.length + at, start.length + at + 1))
    }
  }
  const left = clients.filter(({ client }) => !client.isClosed).length
  notes.push(`${left} of ${count} left after ${((performance.now() - begin) / 1000).toFixed(0)} s`)
}

async function signatures(): Promise<void> {
  const answers: string[] = []
  const clients: Client[] = []
  const templates = await Promise.all(HTTP_DOORS.map((door) => signer.request(door, COUNTED, {})))
  const addresses = Array.from({ length: AT_ONCE }, strange)
  await each(count, async (i) => {
    const slot = i % AT_ONCE
    // well formed, and of now
    const nonce = `${BigInt(Date.now()) * 1_000_000n + BigInt(i % 1_000_000)}`
    const { headers, body } = badlySigned(templates[i % templates.length]!, random.bytes(64))
    const fresh = headers.map(([name, value]) => [name, /nonce$/i.test(name) ? nonce : value] as const)
    let client = clients[slot]
    if (client === undefined || client.isClosed || client.socket.destroyed) {
      client = new Client(addresses[slot]!)
      clients[slot] = client
    }
    const answered = client.answer()
    await client.write(inOrder(COUNTED, { headers: fresh, body }))
    answers.push(await answered)
  })
  notes.push(...countEach(answers))
}

async function headers(): Promise<void> {
  const { headers: signed, body } = await signer.request('bittensor10', COUNTED, {})
  const kinds = [
    [['X-Long', 'a'.repeat(64 * KIB)]],
    Array.from({ length: 8 * KIB }, (_, i): [string, string] => [`X${i}`, 'a']),
    Array.from({ length: 8 * KIB }, (): [string, string] => ['X', 'a']),
    [['X'.repeat(64 * KIB), 'a']],
  ] as const
  const answers: string[] = []
  await each(count, async (i) => {
    const client = new Client(strange())
    const answered = client.answer()
    const long = [...signed, ...kinds[i % kinds.length]!]
    await client.write(inOrder(COUNTED, { headers: long as [string, string][], body }))
    answers.push(await answered)
    client.socket.destroy()
  })
  notes.push(...countEach(answers))
}

async function framings(): Promise<void> {
  const answers: string[] = []
  const all = Object.entries({ ...FRAMINGS, ...FAULTY }).flatMap(([what, framing]) =>
    HTTP_DOORS.map((door) => ({ what, framing, door })),
  )
  await each(count * all.length, async (i) => {
    const { what, framing, door } = all[i % all.length]!
    // from somewhere else each time: where so much that is wrong comes from is not listened to any more
    const client = new Client(strange())
    const first = await signer.request(door, COUNTED, {})
    const behind = inOrder(COUNTED, await signer.request('btauth', COUNTED, {}))
    const answered = client.answer()
    await client.write(framing(first, behind, COUNTED))
    const answer = await answered
    // what was not taken ends the connection: nothing that comes behind it is read
    if (!client.isClosed) await Promise.race([client.closed, sleep(2_000)])
    const run = client.statuses.filter((status) => status < 300).length
    answers.push(answer)
    if (what in FAULTY && answer !== '200') sent.asked += run
    else if (run > 0) notes.push(`RUN ${what} by ${door}: ${client.statuses.join(' ')}`)
    client.socket.destroy()
  })
  notes.push(...countEach(answers))
}

async function bodies(): Promise<void> {
  const block = Buffer.alloc(64 * KIB, 0x20)
  const chunk = Buffer.concat([Buffer.from(`${block.length.toString(16)}\r\n`), block, Buffer.from('\r\n')])
  const answers: string[] = []
  await each(count, async (i) => {
    const door = HTTP_DOORS[i % HTTP_DOORS.length]!
    const { headers: signed } = await signer.request(door, COUNTED, {})
    const isChunked = i % 4 > 1
    const client = new Client(i % 8 > 3 ? strange() : '127.0.0.1')
    const answered = client.answer()
    const framing = isChunked ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', String(GIB)]
    await client.write(head(lineOf(COUNTED), [['Host', 'a'], ...signed, framing as [string, string]]))
    let written = 0
    while (written < GIB && (await client.write(isChunked ? chunk : block))) written += block.length
    answers.push(`${await answered} after ${written < 16 * MIB ? 'less than 16' : 'more than 16'} MiB`)
    client.socket.destroy()
  })
  notes.push(...countEach(answers))
}

async function unread(): Promise<void> {
  const clients = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const client = new Client('127.0.0.1')
      await once(client.socket, 'connect')
      client.socket.pause()
      const door = HTTP_DOORS[i % HTTP_DOORS.length]!
      return { client, door }
    }),
  )
  const text = 'a'.repeat(UNREAD_BYTES)
  const begin = performance.now()
  let asked = 0
  await Promise.all(
    clients.map(async ({ client, door }) => {
      for (let n = 0; n < 200; n++) {
        if (performance.now() - begin > END_MS) return
        const request = inOrder('echo', await signer.request(door, 'echo', { text }))
        const isSent = await Promise.race([client.write(request), sleep(5_000, false)])
        if (!isSent) return
        asked++
      }
    }),
  )
  notes.push(`${asked} requests of ${UNREAD_BYTES / KIB} KiB got through`)
}

const ATTACKS: Readonly<Record<string, () => Promise<void>>> = {
  slow,
  signatures,
  headers,
  framings,
  bodies,
  unread,
}

await control()
await ATTACKS[option('attack')]!()
console.log(JSON.stringify({ ...sent, notes } satisfies Sent))
setInterval(() => {}, 1 << 30)
