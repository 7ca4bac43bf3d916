/** The door of `bittensor` up to 10: what its dendrite sees is what its axon would answer. */
import { randomUUID } from 'node:crypto'
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Clock } from '../../clock.js'
import type { SynapseOptions } from '../../contract/definition.js'
import {
  isDendrites,
  NONCE_WINDOW_SECONDS,
  nonceObjection,
  readSynapseClaims,
  type SynapseClaims,
  signedText,
  verifySynapse,
} from '../../doors/bittensor10/claims.js'
import { answerBody, bodyHash, fieldsOf, isSignedBody } from '../../doors/bittensor10/synapse.js'
import {
  AXON,
  DENDRITE,
  inHeader,
  type Terminal,
  terminalHeaders,
  VERSION,
} from '../../doors/bittensor10/terminal.js'
import { nanosecondsOf, onlyOne, signatureText } from '../../doors/headers.js'
import { type JsonObject, parseJsonObject } from '../../doors/json/parse.js'
import { jsonReader } from '../../doors/json/typed.js'
import { FAILURES, type Failure } from '../../doors/status.js'
import type { SynapseData } from '../../wire/value.js'
import type { FailedCall } from '../dispatch/reply.js'
import {
  type Claim,
  type Definitions,
  forEach,
  type HttpDoor,
  NotAsSigned,
  type RequestHead,
  type Visit,
} from './door.js'
import { HttpReply, JSON_TYPE, type ReplySettings } from './http-reply.js'

const SUCCESS = 'Success'
const PORT = /^\d{1,5}$/

/** How the axon calls a synapse that it does not know. */
const UNKNOWN = { name: 'Synapse', timeout: '12.0' }

type Read = (synapse: JsonObject, signedHash: string) => SynapseData

export function bittensor10Door(hotkey: string, definitions: Definitions): HttpDoor {
  const axon: Axon = {
    hotkey,
    uuid: randomUUID(),
    readers: forEach(definitions, ({ options }) => readerOf(options)),
  }
  return {
    name: 'bittensor10',
    signsBody: false,
    isOpenAboutSynapses: true,
    replaySeconds: NONCE_WINDOW_SECONDS,
    isFor: isDendrites,
    visit: (head, response, settings) => new SynapseVisit(head, response, settings, axon),
  }
}

interface Axon {
  readonly hotkey: string
  /** Of this object, as each of theirs has one. */
  readonly uuid: string
  readonly readers: ReadonlyMap<string, Read>
}

function readerOf(options: SynapseOptions): Read {
  const { hashFields, request } = options
  const ownFields = fieldsOf('request', options)
  const typed = jsonReader(request)
  return (synapse, signedHash) => {
    if (hashFields !== undefined && !isSignedBody(hashFields, synapse, signedHash)) {
      throw new NotAsSigned(`the body is not what was signed: its ${hashFields.join(', ')}`)
    }
    return typed(ownFields(synapse.data))
  }
}

class SynapseVisit implements Visit {
  readonly reply: SynapseReply
  readonly #head: RequestHead
  readonly #axon: Axon

  constructor(head: RequestHead, response: ServerResponse, settings: ReplySettings, axon: Axon) {
    this.reply = new SynapseReply(head, response, settings, axon)
    this.#head = head
    this.#axon = axon
  }

  claim(nowMs: number): Claim | string {
    const claims = readSynapseClaims(this.#head.headers)
    if ('objection' in claims) return claims.objection
    this.reply.claims = claims
    return nonceObjection(claims, undefined, nanosecondsOf(nowMs)) ?? this.#claim(claims)
  }

  #claim(claims: SynapseClaims): Claim {
    const { hotkey, nonce, signature } = claims
    const self = this.#axon.hotkey
    const disproof = (): string | undefined =>
      verifySynapse(claims, self)
        ? undefined
        : `Signature mismatch with ${signedText(claims, self)} and ${signatureText(signature)}`
    return { hotkey, nonce, ifReplayed: 'Nonce is too old, a newer one was last processed', disproof }
  }

  read(body: Uint8Array): SynapseData {
    const synapse = parseJsonObject(body)
    this.reply.synapse = synapse
    return this.#axon.readers.get(this.#head.name)!(synapse, this.reply.claims!.bodyHash)
  }
}

class SynapseReply extends HttpReply {
  protected readonly streamType = 'text/event-stream'
  /** What the headers of the request said, when they were well-formed. */
  claims: SynapseClaims | undefined
  /** The request's body. */
  synapse: JsonObject | undefined
  readonly #head: RequestHead
  readonly #axon: Axon
  readonly #clock: Clock
  readonly #beganMs: number

  constructor(head: RequestHead, response: ServerResponse, settings: ReplySettings, axon: Axon) {
    super(response, settings)
    this.#head = head
    this.#axon = axon
    this.#clock = settings.clock
    this.#beganMs = settings.clock.monotonicMs()
  }

  protected successHeaders(): OutgoingHttpHeaders {
    return this.#headers(this.#terminal(200, SUCCESS), this.#asked())
  }

  protected answerBody(data: object): string {
    return answerBody(this.synapse!, data, this.#terminal(200, SUCCESS))
  }

  refuse(failure: Failure, { id }: Omit<FailedCall, 'failure'> = {}, words?: string): void {
    if (failure === 'malformed') {
      const detail = [
        {
          type: 'json_invalid',
          loc: ['body'],
          msg: 'JSON decode error',
          input: {},
          ctx: { error: words ?? 'invalid' },
        },
      ]
      this.send(422, { 'content-type': JSON_TYPE }, JSON.stringify({ detail }))
      return
    }
    const { status } = FAILURES[failure]
    const message = this.#message(failure, words, id)
    const headers = { ...this.#refusalHeaders(status, message), 'content-type': JSON_TYPE }
    this.send(status, headers, JSON.stringify({ message }))
  }

  /** In the axon's words, where it has some. */
  #message(failure: Failure, words: string | undefined, id: string | undefined): string {
    switch (failure) {
      case 'notVerified':
        return `Not Verified with error: ${words ?? 'unknown'}`
      case 'forbidden':
      case 'refused':
        return `Forbidden. Key is blacklisted: ${words ?? 'not admitted'}.`
      case 'unknownSynapse': {
        const names = [...this.#axon.readers.keys()].map((name) => `'${name}'`).join(', ')
        return `Synapse name '${this.#head.name}' not found. Available synapses [${names}]`
      }
      case 'failed':
      case 'badAnswer':
      case 'streamFailed':
        return `Internal Server Error #${id === undefined ? randomUUID() : uuidOf(id)}`
      case 'timedOut':
        return 'Timeout'
      default:
        return words ?? FAILURES[failure].code
    }
  }

  #one(name: string): string | undefined {
    return onlyOne(this.#head.headers, name) ?? undefined
  }

  /** Of our own end. Where it is, is what the dendrite said: behind a router we do not know how we are called outside. */
  #terminal(status: number, message: string): Terminal {
    const port = this.#one(`${AXON}port`)
    return {
      status_code: status,
      status_message: message,
      process_time: (this.#clock.monotonicMs() - this.#beganMs) / 1000,
      ip: this.#one(`${AXON}ip`),
      port: port !== undefined && PORT.test(port) ? Number(port) : undefined,
      hotkey: this.#one(`${AXON}hotkey`) === undefined ? undefined : this.#axon.hotkey,
    }
  }

  /** Of the dendrite, as it said. */
  #asked(): Terminal {
    const { claims } = this
    if (claims === undefined) return {}
    return {
      ip: this.#one(`${DENDRITE}ip`),
      version: this.#one(`${DENDRITE}version`),
      nonce: claims.nonce,
      uuid: claims.uuid,
      hotkey: claims.hotkey,
      signature: this.#one(`${DENDRITE}signature`),
    }
  }

  /**
   * Here the axon says more of either end. It also signs that, which nobody looks at; we do not: whoever sends rubbish
   * could have any number of signatures made.
   */
  #refusalHeaders(status: number, message: string): Record<string, string> {
    const axon = this.#terminal(status, message)
    if (!this.#isKnown) {
      const { ip: _, port: __, hotkey: ___, ...outcome } = axon
      return this.#headers(outcome, {})
    }
    const { host, port } = this.#head.remote
    const nonce = nanosecondsOf(this.#clock.unixMs())
    return this.#headers(
      { ...axon, version: VERSION, nonce, uuid: this.#axon.uuid },
      { ...this.#asked(), ip: host, port },
    )
  }

  get #isKnown(): boolean {
    return this.#axon.readers.has(this.#head.name)
  }

  #headers(axon: Terminal, dendrite: Terminal): Record<string, string> {
    return {
      ...(this.#isKnown
        ? { name: inHeader(this.#head.name), timeout: this.#one('timeout') ?? 'None' }
        : UNKNOWN),
      ...terminalHeaders(AXON, axon),
      ...terminalHeaders(DENDRITE, dendrite),
      header_size: '0',
      total_size: '0',
      computed_body_hash: this.claims?.bodyHash ?? bodyHash([]),
    }
  }
}

/** The id of a call in the log, in the form in which the axon tells its own. */
const uuidOf = (id: string): string =>
  `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-0000-000000000000`
