/** The door of Bittensor's SDK 11: `btauth/1`, JSON in and out. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import {
  type BtauthClaims,
  btauthObjection,
  isBtauth,
  MAX_BTAUTH_AGE_SECONDS,
  MAX_BTAUTH_AHEAD_SECONDS,
  readBtauth,
  verifyBtauth,
} from '../../doors/btauth.js'
import { nanosecondsOf } from '../../doors/headers.js'
import { parseJsonObject } from '../../doors/json/parse.js'
import { jsonReader } from '../../doors/json/typed.js'
import { writeJson } from '../../doors/json/write.js'
import { FAILURES, type Failure } from '../../doors/status.js'
import type { SynapseData } from '../../wire/value.js'
import type { FailedCall } from '../dispatch/reply.js'
import { type Claim, type Definitions, forEach, type HttpDoor, type RequestHead, type Visit } from './door.js'
import { HttpReply, JSON_TYPE, type ReplySettings } from './http-reply.js'

export function btauthDoor(hotkey: string, definitions: Definitions): HttpDoor {
  const miner: Miner = { hotkey, readers: forEach(definitions, ({ options }) => jsonReader(options.request)) }
  return {
    name: 'btauth',
    signsBody: true,
    isOpenAboutSynapses: false,
    replaySeconds: MAX_BTAUTH_AGE_SECONDS + MAX_BTAUTH_AHEAD_SECONDS,
    isFor: isBtauth,
    visit: (head, response, settings) => new BtauthVisit(head, response, settings, miner),
  }
}

interface Miner {
  readonly hotkey: string
  readonly readers: ReadonlyMap<string, ReturnType<typeof jsonReader>>
}

class BtauthVisit implements Visit {
  readonly reply: BtauthReply
  readonly #head: RequestHead
  readonly #miner: Miner

  constructor(head: RequestHead, response: ServerResponse, settings: ReplySettings, miner: Miner) {
    this.reply = new BtauthReply(response, settings)
    this.#head = head
    this.#miner = miner
  }

  claim(nowMs: number): Claim | string {
    const claims = readBtauth(this.#head.headers)
    if ('objection' in claims) return claims.objection
    return btauthObjection(claims, this.#miner.hotkey, nanosecondsOf(nowMs)) ?? this.#claim(claims)
  }

  #claim(claims: BtauthClaims): Claim {
    const { hotkey, nonce } = claims
    const { target } = this.#head
    const disproof = (body: Uint8Array): string | undefined =>
      verifyBtauth(claims, { method: 'POST', target, body }) ? undefined : 'wrong signature'
    return { hotkey, nonce, ifReplayed: 'nonce already used', disproof }
  }

  read(body: Uint8Array): SynapseData {
    return this.#miner.readers.get(this.#head.name)!(parseJsonObject(body).data)
  }
}

/** Failures are `{ error, code, id? }`: words, one of a few codes, and by what the miner's log knows the call. */
class BtauthReply extends HttpReply {
  protected readonly streamType = 'application/octet-stream'

  protected successHeaders(): OutgoingHttpHeaders {
    return {}
  }

  protected answerBody(data: object): string {
    return writeJson(data, 'answer')
  }

  refuse(failure: Failure, { id, isForeseen }: Omit<FailedCall, 'failure'> = {}, words?: string): void {
    const { status, code, text } = FAILURES[failure]
    const error = words ?? text ?? WORDS[failure]
    const body = { error, code, ...(isForeseen && { id }) }
    this.send(status, { 'content-type': JSON_TYPE }, JSON.stringify(body))
  }
}

/** For what the QUIC door has no words. */
const WORDS: Partial<Record<Failure, string>> = {
  notVerified: 'authentication failed',
  forbidden: 'not admitted',
  tooMany: 'too many attempts',
  stopping: 'not now',
}
