/** The miner's side of the handshake: in PROTOCOL's order, with the access policy before the costly signature check. */
import {
  checkHandshakeRequest,
  type HandshakeRefusal,
  refuseHandshake,
  verifyHandshakeRequest,
} from '../auth/handshake.js'
import { NonceCache } from '../auth/nonce-cache.js'
import { LevinError } from '../errors.js'
import { shown } from '../shown.js'
import type { Summary } from '../summary.js'
import type { Address, Link } from '../transport/link.js'
import {
  decodeHandshakeRequest,
  encodeHandshakeResponse,
  type HandshakeRequest,
  type HandshakeResponse,
} from '../wire/messages.js'
import type { AccessControl } from './access-control.js'
import { HandshakeRate } from './handshake-rate.js'
import type { MinerSettings } from './options.js'
import type { Peers } from './peers.js'
import type { Session } from './session.js'
import { Signing } from './signing.js'
import { TokenBucket } from './token-bucket.js'
import type { HandshakeEvent, Observers } from './watch.js'

/**
 * Signature checks a second for those who claim a hotkey that was here lately, and again for those who claim another: a
 * check takes 0.2 ms, so that a flood of either costs a tenth of a core and neither keeps the other out. A claim proves
 * nothing; a known hotkey at a known address has no such limit, and shares that address's rate.
 */
const VERIFIES_PER_SECOND = 500

/** Of what a peer calls its hotkey: one has 48. */
export const HOTKEY_CHARACTERS = 64

/** Why a handshake was refused, for the log, the observers and `stats()`. The peer is told none of it. */
export type Refusal =
  | HandshakeRefusal
  | 'too many attempts'
  | 'malformed request'
  | 'not admitted'
  | 'too many signature checks'
  | 'too many validators'
  | 'another handshake is under way'
  | 'another hotkey on one connection'
  | 'replaced'
  | 'given up'
  | 'signer failed'

/** Handshakes since the miner started: how many were accepted, and how many refused, by reason. */
export interface HandshakeTally {
  accepted: number
  readonly refused: Partial<Record<Refusal, number>>
}

/** What is known of a handshake that was not accepted. */
interface Refused {
  readonly reason: Refusal
  /** More about it, for the log and the observers. */
  readonly detail?: string
}

/** Where a handshake comes from, and since when. */
interface Attempt {
  readonly remote: Address
  /** Of this address in the last minute. */
  readonly rate: number
  readonly beganMs: number
}

export class Admission {
  readonly tally: HandshakeTally = { accepted: 0, refused: {} }
  readonly rate: HandshakeRate
  readonly #settings: MinerSettings
  readonly #fingerprint: string
  readonly #access: AccessControl
  readonly #peers: Peers
  readonly #observers: Observers
  readonly #nonces = new NonceCache()
  readonly #verifiesOfKnown: TokenBucket
  readonly #verifiesOfOthers: TokenBucket
  readonly #noise: Summary
  readonly #signing: Signing

  constructor(
    settings: MinerSettings,
    fingerprint: string,
    access: AccessControl,
    peers: Peers,
    observers: Observers,
    noise: Summary,
  ) {
    const { clock } = settings
    this.#settings = settings
    this.#fingerprint = fingerprint
    this.#access = access
    this.#peers = peers
    this.#observers = observers
    this.rate = new HandshakeRate(settings.handshakesPerMinute, clock)
    this.#verifiesOfKnown = new TokenBucket(VERIFIES_PER_SECOND, VERIFIES_PER_SECOND, clock)
    this.#verifiesOfOthers = new TokenBucket(VERIFIES_PER_SECOND, VERIFIES_PER_SECOND, clock)
    this.#noise = noise
    this.#signing = new Signing(settings, fingerprint, noise)
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
    const beganMs = this.#settings.clock.monotonicMs()
    const { allowed, rate } = this.rate.attempt(link.remote.host)
    const attempt: Attempt = { remote: link.remote, rate, beganMs }
    if (!allowed) return this.#refuseUnread({ reason: 'too many attempts' }, attempt)
    let request: HandshakeRequest
    try {
      request = decodeHandshakeRequest(payload)
    } catch (error) {
      const detail = LevinError.from(error).message
      return this.#refuseUnread({ reason: 'malformed request', detail }, attempt)
    }
    if (!session.apply('handshake')) {
      const reason = session.isLeaving ? 'replaced' : 'another handshake is under way'
      return this.#refuse({ reason }, request, attempt)
    }
    const isNew = session.isStranger
    const outcome = await this.#examine(request, session, link, isWanted)
    if ('reason' in outcome) {
      session.apply('refused')
      return this.#refuse(outcome, request, attempt)
    }
    this.#accepted(request, attempt)
    if (isNew) this.#connected(request.validatorHotkey, link)
    return encodeHandshakeResponse(outcome)
  }

  async #examine(
    request: HandshakeRequest,
    session: Session,
    link: Link,
    isWanted: () => boolean,
  ): Promise<Refused | HandshakeResponse> {
    const { validatorHotkey: hotkey } = request
    const checked = checkHandshakeRequest({ request, now: this.#now() })
    if (!checked.ok) return { reason: checked.reason }
    const { version } = this.#access
    const detail = await this.#access.objection({ hotkey, remote: link.remote })
    if (detail !== undefined) return { reason: 'not admitted', detail }
    if (!this.takesVerify(hotkey, link.remote.host)) return { reason: 'too many signature checks' }
    const verified = verifyHandshakeRequest(checked, {
      fingerprint: this.#fingerprint,
      now: this.#now(),
      nonces: this.#nonces,
    })
    if (!verified.ok) return { reason: verified.reason }
    if (!this.#peers.hasRoom(hotkey)) return { reason: 'too many validators' }
    const response = await this.#signing.accept(request)
    if (response === undefined) return { reason: 'signer failed' }
    const refused = this.#enter(hotkey, session, link, isWanted)
    if (refused !== undefined) return refused
    // A review that came meanwhile did not see this one.
    if (this.#access.version !== version) void this.#access.lookAgain({ hotkey, link, session })
    return response
  }

  /**
   * Whether a signature of who claims this hotkey may be checked now.
   * @param isKnown it was here lately, by another door
   */
  takesVerify(hotkey: string, host: string, isKnown = false): boolean {
    if (!isKnown && !this.#peers.isKnown(hotkey)) return this.#verifiesOfOthers.take()
    return this.rate.isKnown(host) || this.#verifiesOfKnown.take()
  }

  /** The proof is good: all the rest is looked at in one go, since others came and went while it was examined. */
  #enter(hotkey: string, session: Session, link: Link, isWanted: () => boolean): Refused | undefined {
    if (!isWanted()) return { reason: 'given up' }
    if (!this.#peers.hasRoom(hotkey)) return { reason: 'too many validators' }
    if (session.isLeaving) return { reason: 'replaced' }
    const isNew = session.isStranger
    if (!session.accept(hotkey)) return { reason: 'another hotkey on one connection' }
    if (isNew) this.rate.arrived(link.remote.host)
    this.#peers.enter({ hotkey, link, session })
    return undefined
  }

  #accepted({ validatorHotkey: hotkey, timestamp }: HandshakeRequest, attempt: Attempt): void {
    const { remote } = attempt
    this.tally.accepted++
    this.#settings.sourceFilter?.learn(remote.host, hotkey)
    const skewSeconds = this.#skew(timestamp)
    this.#tell({ accepted: true, reason: undefined, hotkey, skewSeconds }, attempt)
  }

  #connected(hotkey: string, { remote }: Link): void {
    this.#settings.logger.info('validator connected', { hotkey, remote })
    this.#observers.tell('connection', { state: 'authenticated', hotkey, remote, closed: undefined })
  }

  /** PROTOCOL: a refusal of what was not read does not even say who we are. */
  #refuseUnread(refused: Refused, attempt: Attempt): Uint8Array {
    this.#report(refused, '', undefined, attempt)
    return encodeHandshakeResponse(refuseHandshake('', this.#now()))
  }

  #refuse(refused: Refused, { validatorHotkey, timestamp }: HandshakeRequest, attempt: Attempt): Uint8Array {
    this.#report(refused, shown(validatorHotkey, HOTKEY_CHARACTERS), this.#skew(timestamp), attempt)
    return encodeHandshakeResponse(refuseHandshake(this.#settings.signer.hotkey, this.#now()))
  }

  #report(
    { reason: kind, detail }: Refused,
    hotkey: string,
    skewSeconds: number | undefined,
    attempt: Attempt,
  ): void {
    const { remote, rate } = attempt
    this.tally.refused[kind] = (this.tally.refused[kind] ?? 0) + 1
    const reason = detail === undefined ? kind : `${kind}: ${detail}`
    this.#noise.note(kind, 'refused a handshake', { reason, hotkey, remote, skewSeconds, rate })
    this.#tell({ accepted: false, reason, hotkey, skewSeconds }, attempt)
  }

  #tell(
    outcome: Pick<HandshakeEvent, 'accepted' | 'reason' | 'hotkey' | 'skewSeconds'>,
    { remote, rate, beganMs }: Attempt,
  ): void {
    const durationMs = this.#settings.clock.monotonicMs() - beganMs
    this.#observers.tell('handshake', { ...outcome, remote, rate, durationMs })
  }

  #skew(timestamp: number): number {
    return timestamp - Math.floor(this.#now() / 1000)
  }

  #now(): number {
    return this.#settings.clock.unixMs()
  }
}
