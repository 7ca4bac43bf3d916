/** Requests by HTTP as bytes, well signed, for what does something to them. */
import { Buffer } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { seedSigner } from '../../src/auth/signer.js'
import { synapse } from '../../src/contract/definition.js'
import { synapseRequest } from '../../src/doors/bittensor10/request.js'
import { signBtauth } from '../../src/doors/btauth.js'
import type { Door } from '../../src/doors/door.js'
import { seedOf } from '../interop/options.js'

export type HttpDoor = Exclude<Door, 'quic'>
export const HTTP_DOORS: readonly HttpDoor[] = ['btauth', 'bittensor10']

/** Name and value, each as it stands there. */
export type Header = readonly [string, string]

export interface RawRequest {
  readonly headers: readonly Header[]
  readonly body: Buffer
}

const MINER = seedSigner(seedOf(1)).hotkey
const SEED = 9
const HOST = '127.0.0.1'
const MS = 1_000_000n

/** A validator of its own, which signs whatever it likes. */
export class HttpSigner {
  readonly #signer
  readonly #uuid = randomUUID()
  #lastNs = 0n

  constructor(seed = SEED) {
    this.#signer = seedSigner(seedOf(seed))
  }

  async request(door: HttpDoor, name: string, data: object): Promise<RawRequest> {
    const now = BigInt(Date.now()) * MS
    this.#lastNs = now > this.#lastNs ? now : this.#lastNs + 1n
    const nowNs = this.#lastNs
    if (door === 'btauth') {
      const body = Buffer.from(JSON.stringify(data))
      const given = { method: 'POST', target: `/${name}`, body, receiver: MINER, nowNs }
      return { headers: Object.entries(await signBtauth(this.#signer, given)), body }
    }
    const { headers, body } = await synapseRequest(this.#signer, {
      definition: synapse(name, {}),
      data,
      timeoutMs: 12_000,
      axon: { ip: HOST, port: 1, hotkey: MINER },
      ip: HOST,
      uuid: this.#uuid,
      nowNs,
    })
    return { headers: Object.entries(headers), body: Buffer.from(body) }
  }
}

/** The head of a message: its first line, its headers, and the empty line. */
export const head = (line: string, headers: readonly Header[]): Buffer =>
  Buffer.from(`${line}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`, 'latin1')

/** A request as it should be. */
export const inOrder = (name: string, { headers, body }: RawRequest): Buffer =>
  Buffer.concat([
    head(lineOf(name), [['Host', HOST], ...headers, ['Content-Length', String(body.length)]]),
    body,
  ])

export const lineOf = (name: string): string => `POST /${name} HTTP/1.1`

/** The same with another signature, as well formed as any. */
export const badlySigned = ({ headers, body }: RawRequest, signature: Buffer): RawRequest => {
  signature[63]! |= 0x80 // schnorrkel's mark, without which nobody would look at it
  signature[63]! &= 0x8f // and a scalar that is below the group's order
  const text = `0x${signature.toString('hex')}`
  return { body, headers: headers.map(([name, value]) => [name, /signature$/i.test(name) ? text : value]) }
}
