/** The miner's side of the handshake: in PROTOCOL's order, with the access policy before the costly signature check. */
import {
  acceptHandshake,
  checkHandshakeRequest,
  type HandshakeRefusal,
  refuseHandshake,
  verifyHandshakeRequest,
} from '../auth/handshake.js'
import type { NonceCache } from '../auth/nonce-cache.js'
import { LevinError } from '../errors.js'
import type { Link } from '../transport/link.js'
import {
  decodeHandshakeRequest,
  encodeHandshakeResponse,
  type HandshakeRequest,
  type HandshakeResponse,
} from '../wire/messages.js'
import type { MinerSettings } from './options.js'
import type { Peers } from './peers.js'
import type { Session } from './session.js'

type Refusal =
  | HandshakeRefusal
  | 'malformed request'
  | 'not admitted'
  | 'access policy failed'
  | 'too many validators'
  | 'another handshake is under way'
  | 'another hotkey on one connection'
  | 'given up'
  | 'signer failed'

export class Admission {
  readonly #settings: MinerSettings
  readonly #fingerprint: string
  readonly #nonces: NonceCache
  readonly #peers: Peers

  constructor(settings: MinerSettings, fingerprint: string, nonces: NonceCache, peers: Peers) {
    this.#settings = settings
    this.#fingerprint = fingerprint
    this.#nonces = nonces
    this.#peers = peers
  }

  /**
   * @param isWanted whether there still is a stream to answer on: one who would not hear that it was admitted is not
   * @returns the frame to answer a handshake with; the session has taken the step that it tells of
   */
  async answer(
    payload: Uint8Array,
    session: Session,
    link: Link,
    isWanted: () => boolean,
  ): Promise<Uint8Array> {
    let request: HandshakeRequest
    try {
      request = decodeHandshakeRequest(payload)
    } catch (error) {
      this.#report('malformed request', link, { error })
      return encodeHandshakeResponse(refuseHandshake('', this.#now()))
    }
    const who = { hotkey: request.validatorHotkey.slice(0, 64) }
    if (!session.apply('handshake')) return this.#refuse('another handshake is under way', link, who)
    let outcome = await this.#examine(request, link)
    if (typeof outcome !== 'string') outcome = this.#enter(request, session, link, isWanted) ?? outcome
    if (typeof outcome === 'string') {
      session.apply('refused')
      const skewSeconds = request.timestamp - Math.floor(this.#now() / 1000)
      return this.#refuse(outcome, link, { ...who, skewSeconds })
    }
    this.#settings.logger.info('validator connected', {
      hotkey: request.validatorHotkey,
      remote: link.remote,
    })
    return encodeHandshakeResponse(outcome)
  }

  /** The proof is good: all the rest is looked at in one go, since others came and went while it was examined. */
  #enter(
    { validatorHotkey: hotkey }: HandshakeRequest,
    session: Session,
    link: Link,
    isWanted: () => boolean,
  ): Refusal | undefined {
    if (!isWanted()) return 'given up'
    if (!this.#peers.hasRoom(hotkey)) return 'too many validators'
    if (!session.accept(hotkey)) return 'another hotkey on one connection'
    this.#peers.enter(hotkey, link)
    return undefined
  }

  async #examine(request: HandshakeRequest, link: Link): Promise<Refusal | HandshakeResponse> {
    const checked = checkHandshakeRequest({ request, now: this.#now() })
    if (!checked.ok) return checked.reason
    const { validatorHotkey: hotkey } = request
    try {
      if (!(await this.#settings.access({ hotkey, remote: link.remote }))) return 'not admitted'
    } catch (error) {
      this.#settings.logger.error('the access policy failed, so nobody is admitted', { hotkey, error })
      return 'access policy failed'
    }
    const verified = verifyHandshakeRequest(checked, {
      fingerprint: this.#fingerprint,
      now: this.#now(),
      nonces: this.#nonces,
    })
    if (!verified.ok) return verified.reason
    if (!this.#peers.hasRoom(hotkey)) return 'too many validators'
    try {
      const { signer } = this.#settings
      return await acceptHandshake({ signer, request, fingerprint: this.#fingerprint, now: this.#now() })
    } catch (error) {
      this.#settings.logger.error('the signer failed, so nobody can connect', {
        error: LevinError.from(error),
      })
      return 'signer failed'
    }
  }

  #refuse(reason: Refusal, link: Link, fields: object): Uint8Array {
    this.#report(reason, link, fields)
    return encodeHandshakeResponse(refuseHandshake(this.#settings.signer.hotkey, this.#now()))
  }

  #report(reason: Refusal, link: Link, fields: object): void {
    this.#settings.logger.debug('refused a handshake', { reason, remote: link.remote, ...fields })
  }

  #now(): number {
    return this.#settings.clock.unixMs()
  }
}
