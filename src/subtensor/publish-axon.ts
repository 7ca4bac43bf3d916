import type { Signer } from '../auth/signer.js'
import { decodeHotkey } from '../auth/ss58.js'
import { LevinError } from '../errors.js'
import type { Logger } from '../logger.js'
import { checkKeys, integer } from '../options.js'
import { checkLogger } from '../pino-logger.js'
import { type Ask, type Chain, takeChain } from './chain.js'
import type { RpcError } from './connection.js'
import { type ChainIp, ipOf } from './host.js'
import { decodeNeuronsLite } from './neurons-lite.js'
import { CHAIN_KEYS, type ChainOptions, type ChainSettings, checkChain, checkNetuid } from './options.js'
import { call, finalizedHead, fromHex, toHex } from './read-subnet.js'
import { encodeExtrinsic, encodeServeAxon, type SignedContext, signedPayload } from './serve-axon.js'
import { adviceOn, isFinal, type Refusal, refusalIn, refusalOf } from './validity.js'

/** Which axon is published, and on which chain. */
export type PublishAxonOptions = ChainOptions & {
  /** The miner's hotkey. It pays nothing, and needs no balance. */
  readonly signer: Signer
  /** IPv4 or IPv6 address at which others reach the miner. */
  readonly host: string
  /** UDP port at which others reach the miner. */
  readonly port: number
  /** Default 4, which is QUIC by btlightning's word. */
  readonly protocol?: number
  /** A number of your own for who reads it, u32. Default 1. */
  readonly version?: number
  /** Whether it is only checked by the chain, and logged what would be sent. Default false. */
  readonly dryRun?: boolean
  /** Default: `pinoLogger('info')`, JSON lines on standard error. */
  readonly logger?: Logger
}

/**
 * | state       | what it means                                                                       |
 * | ----------- | ----------------------------------------------------------------------------------- |
 * | `unchanged` | the chain had this very axon already; nothing was sent                              |
 * | `published` | it was sent, and the chain has it                                                   |
 * | `valid`     | `dryRun`: the chain would take it                                                   |
 * | `refused`   | the chain does not take it, and another try would not help; `message` says what would |
 * | `stopped`   | by `stop()`, before it came to an end                                               |
 */
export interface PublishOutcome {
  readonly state: 'unchanged' | 'published' | 'valid' | 'refused' | 'stopped'
  /** What happened, in a sentence. */
  readonly message: string
  /** The transaction in hex, when one was made. */
  readonly extrinsic: string | undefined
}

/** A publication that is under way, or done. */
export interface AxonPublication {
  /** Never rejects. What goes wrong on the way is in the log, and is tried again. */
  readonly outcome: Promise<PublishOutcome>
  /** Tries no more. */
  stop(): void
}

/** How long a transaction counts, in blocks: about 13 minutes. */
const ERA_PERIOD = 64
/** Five blocks: by then it is in one that is final. */
const LOOK_AGAIN_MS = 60_000
/** `ServingRateLimit` of a subnet, 50 blocks. */
const RATE_LIMIT_MS = 600_000
/** After a failure: doubled with each further one, up to the rate limit. */
const FIRST_RETRY_MS = 15_000
const SIGNATURE_BYTES = 64
const WHERE = 'publishAxon'

/**
 * Publishes where a miner answers, so that validators find it. Nothing is sent when the chain says the same already;
 * else the runtime is asked whether it would take it, it is sent, and a minute later it is looked whether it is there.
 * Whatever fails never harms the miner: it is in the log, and tried again, after a refusal when the chain's limit of one
 * axon in 50 blocks is over.
 * @example
 * const { port } = await miner.listen({ port: 8091 })
 * publishAxon({ network: 'finney', netuid: 2, signer, host: '203.0.113.7', port })
 * @throws LevinError CONFIG for an option that is missing, unknown or out of range
 */
export function publishAxon(options: PublishAxonOptions): AxonPublication {
  checkKeys(WHERE, options, KEYS)
  const settings = checkChain(WHERE, options)
  const { signer, host } = options
  if (typeof signer?.sign !== 'function') {
    throw new LevinError('CONFIG', `${WHERE}: signer is missing; it is the one of the miner`)
  }
  const axon: Axon = {
    netuid: checkNetuid(WHERE, options.netuid),
    host,
    ...ipOf(host),
    port: integer(WHERE, 'port', options.port, 1, 65_535),
    protocol: integer(WHERE, 'protocol', options.protocol ?? 4, 0, 255),
    version: integer(WHERE, 'version', options.version ?? 1, 0, 2 ** 32 - 1),
  }
  const publisher = new Publisher(settings, signer, axon, {
    dryRun: options.dryRun === true,
    logger: checkLogger(WHERE, options.logger, 'info'),
  })
  return { outcome: publisher.run(), stop: () => publisher.stop() }
}

const KEYS = [...CHAIN_KEYS, 'signer', 'host', 'port', 'protocol', 'version', 'dryRun', 'logger']

interface Axon extends ChainIp {
  readonly netuid: number
  readonly host: string
  readonly port: number
  readonly protocol: number
  readonly version: number
}

/** What a try came to: an end, or the milliseconds until the next. */
type Try = PublishOutcome | number

class Publisher {
  readonly #settings: ChainSettings
  readonly #signer: Signer
  readonly #axon: Axon
  readonly #dryRun: boolean
  readonly #logger: Logger
  readonly #publicKey: Uint8Array
  readonly #chain: Chain
  #failures = 0
  /** The transaction that was sent last. */
  #sent: string | undefined
  #stopped = false
  #wake: () => void = () => {}

  /** @throws LevinError CONFIG for a signer without a hotkey */
  constructor(
    settings: ChainSettings,
    signer: Signer,
    axon: Axon,
    { dryRun, logger }: { readonly dryRun: boolean; readonly logger: Logger },
  ) {
    this.#settings = settings
    this.#signer = signer
    this.#axon = axon
    this.#dryRun = dryRun
    this.#logger = logger
    this.#publicKey = decodeHotkey(signer.hotkey)
    this.#chain = takeChain(settings)
  }

  async run(): Promise<PublishOutcome> {
    let last: Try = 0
    while (typeof last === 'number' && !this.#stopped) {
      last = await this.#tryOnce()
      if (typeof last === 'number') await this.#wait(last)
    }
    this.stop()
    return typeof last === 'number' ? this.#outcome('stopped', 'it was stopped') : last
  }

  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#chain.release()
    this.#wake()
  }

  #wait(ms: number): Promise<void> {
    if (this.#stopped) return Promise.resolve()
    return new Promise((resolve) => {
      const cancel = this.#settings.clock.after(ms, resolve)
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
  }

  async #tryOnce(): Promise<Try> {
    try {
      const done = await this.#publish()
      this.#failures = 0
      return done
    } catch (error) {
      if (this.#stopped) return 0
      const { message } = LevinError.from(error)
      const ms = Math.min(FIRST_RETRY_MS * 2 ** this.#failures++, RATE_LIMIT_MS)
      this.#logger.warn(`the axon is not published: ${message}; it is tried again`, { retryInMs: ms })
      return ms
    }
  }

  async #publish(): Promise<Try> {
    const axonCall = encodeServeAxon({ ...this.#axon, placeholder1: 0, placeholder2: 0 })
    const found = await this.#chain.turn((ask) => this.#look(ask))
    if (found === 'there') return this.#isThere()
    if (found === 'not registered') return this.#refused({ custom: 10, text: 'not registered' }, undefined)
    const { context, head } = found
    const signature = await this.#signer.sign(signedPayload(axonCall, context))
    if (!(signature instanceof Uint8Array && signature.length === SIGNATURE_BYTES)) {
      throw new LevinError('CONFIG', `the signer must return a Uint8Array of ${SIGNATURE_BYTES} bytes`)
    }
    const extrinsic = encodeExtrinsic(axonCall, context, this.#publicKey, signature)
    const refusal = await this.#chain.turn((ask) => this.#send(ask, extrinsic, head))
    if (refusal !== undefined) return this.#refused(refusal, toHex(extrinsic))
    const { host, port, netuid } = this.#axon
    const where = `${host} port ${port} on subnet ${netuid}`
    if (this.#dryRun) {
      const fields = { call: toHex(axonCall), extrinsic: toHex(extrinsic) }
      this.#logger.info(`would publish the axon ${where}; nothing was sent`, fields)
      return this.#outcome('valid', 'the chain would take it; nothing was sent', toHex(extrinsic))
    }
    this.#logger.info(`sent the axon ${where}`)
    this.#sent = toHex(extrinsic)
    return LOOK_AGAIN_MS
  }

  #isThere(): PublishOutcome {
    if (this.#sent === undefined) {
      this.#logger.info('the chain has this axon already; nothing was sent')
      return this.#outcome('unchanged', 'the chain had it already; nothing was sent')
    }
    this.#logger.info('the axon is on the chain')
    return this.#outcome('published', 'it was sent, and the chain has it', this.#sent)
  }

  #refused(refusal: Refusal, extrinsic: string | undefined): Try {
    const message = adviceOn(refusal, { ...this.#axon, hotkey: this.#signer.hotkey })
    this.#logger.warn(`the axon is not published: ${message}`)
    if (this.#dryRun || isFinal(refusal)) return this.#outcome('refused', message, extrinsic)
    return RATE_LIMIT_MS
  }

  #outcome(state: PublishOutcome['state'], message: string, extrinsic?: string): PublishOutcome {
    return { state, message, extrinsic }
  }

  /** What the chain has, and what a transaction has to name. */
  async #look(ask: Ask): Promise<'there' | 'not registered' | { context: SignedContext; head: string }> {
    const { netuid, ip, ipType, port, protocol, version } = this.#axon
    const head = await finalizedHead(ask)
    const argument = new Uint8Array([netuid & 0xff, netuid >> 8])
    const neurons = decodeNeuronsLite(
      await call(ask, 'NeuronInfoRuntimeApi_get_neurons_lite', argument, head),
    )
    const mine = neurons.find(({ hotkey }) => hotkey.equals(this.#publicKey))
    if (mine === undefined) return 'not registered'
    const { axon } = mine
    const isSame =
      axon.ip === ip && axon.ipType === ipType && axon.port === port && axon.protocol === protocol
    if (isSame && axon.version === version) return 'there'
    const header = await ask('chain_getHeader', [head])
    const runtime = await ask('state_getRuntimeVersion', [head])
    const genesis = await ask('chain_getBlockHash', [0])
    const context = {
      era: { period: ERA_PERIOD, current: numberIn(header, 'number') },
      nonce: numberIn({ nonce: await ask('system_accountNextIndex', [this.#signer.hotkey]) }, 'nonce'),
      specVersion: numberIn(runtime, 'specVersion'),
      transactionVersion: numberIn(runtime, 'transactionVersion'),
      genesisHash: hashOf(genesis),
      eraHash: hashOf(head),
    }
    return { context, head }
  }

  /** Sends what the runtime would take. @returns why it does not */
  async #send(ask: Ask, extrinsic: Buffer, head: string): Promise<Refusal | undefined> {
    const argument = Buffer.concat([Buffer.of(EXTERNAL), extrinsic, hashOf(head)])
    const refusal = refusalIn(await call(ask, 'TaggedTransactionQueue_validate_transaction', argument, head))
    if (refusal !== undefined || this.#dryRun) return refusal
    try {
      await ask('author_submitExtrinsic', [toHex(extrinsic)])
      return undefined
    } catch (error) {
      const { code, cause } = LevinError.from(error)
      const submitRefusal = code === 'PEER_ERROR' ? refusalOf(cause as RpcError) : undefined
      if (submitRefusal === undefined) throw error
      return submitRefusal
    }
  }
}

/** Of the sources of a transaction: from outside the node. */
const EXTERNAL = 2

/** @throws LevinError PROTOCOL for what is no u32, as a number or in hex */
function numberIn(answer: unknown, field: string): number {
  const value = (answer as Readonly<Record<string, unknown>> | null | undefined)?.[field]
  const number = typeof value === 'string' && /^0x[0-9a-f]{1,8}$/i.test(value) ? Number(value) : value
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number < 2 ** 32) return number
  throw new LevinError('PROTOCOL', `its answer has no ${field}`)
}

/** @throws LevinError PROTOCOL */
function hashOf(answer: unknown): Buffer {
  const bytes = typeof answer === 'string' && answer.startsWith('0x') ? fromHex(answer) : undefined
  if (bytes?.length === 32) return bytes
  throw new LevinError('PROTOCOL', 'a block of it has no hash')
}
