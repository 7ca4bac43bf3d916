/** A miner whose HTTP doors are open on loopback, and callers that sign as dendrites and SDK 11 do. */
import {
  type Agent,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { type Clock, systemClock } from '../../../src/clock.js'
import type { SynapseDefinition } from '../../../src/contract/definition.js'
import { synapseRequest } from '../../../src/doors/bittensor10/request.js'
import { signBtauth } from '../../../src/doors/btauth.js'
import { type HttpOptions, Miner, type MinerOptions, open, type Signer } from '../../../src/index.js'
import { memoryNetwork } from '../../../src/testing/memory/network.js'
import { RecordingLogger } from '../../../src/testing/recording-logger.js'
import { minerSigner, validatorSigner } from '../../support/hotkeys.js'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Sent {
  readonly path: string
  readonly headers: OutgoingHttpHeaders
  readonly body: string
}

/** Never the same twice, however fast they come. */
let count = 0n
export const nowNs = (nowMs = Date.now()): bigint => BigInt(nowMs) * 1_000_000n + count++

export interface Change {
  readonly signer?: Signer
  readonly nowNs?: bigint
  readonly headers?: OutgoingHttpHeaders
  readonly timeoutMs?: number
  readonly receiver?: string
}

export class HttpMiner {
  readonly log = new RecordingLogger()
  readonly miner: Miner
  port = 0
  readonly #clock: Clock

  constructor(options: Partial<MinerOptions> = {}) {
    this.#clock = options.clock ?? systemClock
    this.miner = new Miner({
      signer: minerSigner,
      access: open(),
      logger: this.log,
      engine: memoryNetwork().at(),
      ...options,
    })
  }

  async listen(http: HttpOptions = {}): Promise<this> {
    onTestFinished(() => this.miner.close())
    await this.miner.listen({ host: '127.0.0.1', http: { port: 0, ...http } })
    this.port = this.miner.stats().http!.port
    return this
  }

  /** As a dendrite asks. */
  async dendrite(definition: SynapseDefinition, data: object = {}, change: Change = {}): Promise<Sent> {
    const { headers, body } = await synapseRequest(change.signer ?? validatorSigner, {
      definition,
      data,
      timeoutMs: change.timeoutMs ?? 5000,
      axon: { ip: '127.0.0.1', port: this.port, hotkey: change.receiver ?? minerSigner.hotkey },
      ip: '127.0.0.1',
      uuid: 'a-dendrite',
      nowNs: change.nowNs ?? nowNs(this.#clock.unixMs()),
    })
    return { path: `/${definition.name}`, headers: { ...headers, ...change.headers }, body }
  }

  /** As SDK 11 signs. */
  async btauth(name: string, data: unknown = {}, change: Change = {}): Promise<Sent> {
    const body = typeof data === 'string' ? data : JSON.stringify(data)
    const headers = await signBtauth(change.signer ?? validatorSigner, {
      method: 'POST',
      target: `/${name}`,
      body: Buffer.from(body),
      receiver: change.receiver ?? minerSigner.hotkey,
      nowNs: change.nowNs ?? nowNs(this.#clock.unixMs()),
    })
    return { path: `/${name}`, headers: { ...headers, ...change.headers }, body }
  }

  async send(sent: Sent, agent?: Agent): Promise<Answer> {
    const response = await this.open(sent, agent)
    return { status: response.statusCode!, headers: response.headers, body: await text(response) }
  }

  /** @returns the answer as soon as it begins */
  open({ path, headers, body }: Sent, agent?: Agent): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const length = { 'content-length': Buffer.byteLength(body) }
      const to = { host: '127.0.0.1', port: this.port, path, ...(agent && { agent }) }
      const request = httpRequest({ ...to, method: 'POST', headers: { ...length, ...headers } }, resolve)
      request.on('error', reject)
      request.end(body)
    })
  }

  async asDendrite(definition: SynapseDefinition, data?: object, change?: Change): Promise<Answer> {
    return this.send(await this.dendrite(definition, data, change))
  }

  async asBtauth(name: string, data?: unknown, change?: Change): Promise<Answer> {
    return this.send(await this.btauth(name, data, change))
  }

  /** A TCP connection. */
  connect(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1', () => resolve(socket))
      onTestFinished(() => void socket.destroy())
      socket.once('error', reject)
    })
  }
}
