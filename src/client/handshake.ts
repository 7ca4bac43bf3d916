/** The validator's side of the handshake, on a stream of its own. */
import { randomBytes } from 'node:crypto'
import { certificateFingerprint } from '../auth/fingerprint.js'
import { checkHandshakeResponse, createHandshakeRequest } from '../auth/handshake.js'
import { LevinError } from '../errors.js'
import type { Link } from '../transport/link.js'
import { MessageType, messageTypeName } from '../wire/message-type.js'
import { decodeHandshakeResponse, encodeHandshakeRequest, type HandshakeResponse } from '../wire/messages.js'
import { reasonOf } from './close-reasons.js'
import { FrameReader } from './frame-reader.js'
import type { ValidatorSettings } from './options.js'

const NONCE_BYTES = 16
/** What a miner that has not proved itself may make us read: its answer has 300 bytes. */
const MOST_ANSWER_BYTES = 4096
/** A miner whose clock is further off than this will soon refuse us: it takes 60 s at most. */
const SKEW_WORTH_A_WARNING_SECONDS = 30

/** Who answers on a connection. */
export interface Proven {
  /** SS58 of the miner. */
  readonly hotkey: string
  /** Seconds that its clock is ahead of ours. */
  readonly clockSkewSeconds: number
}

/**
 * One handshake is enough for all hotkeys that are listed at an address: it does not name the one that is wanted, and a
 * miner has one.
 * @param wanted of which one must answer; looked at when it does
 * @throws LevinError HANDSHAKE_REFUSED, WRONG_PEER, PROTOCOL, CONNECTION_LOST, or CONFIG when the signer fails
 */
export async function authenticate(
  link: Link,
  wanted: ReadonlySet<string>,
  settings: ValidatorSettings,
): Promise<Proven> {
  const { signer, clock, noise } = settings
  const [named = ''] = wanted
  if (link.peerCertificate === undefined)
    throw new LevinError('PROTOCOL', `miner ${named} showed no TLS certificate`)
  const fingerprint = certificateFingerprint(link.peerCertificate)
  const nonce = randomBytes(NONCE_BYTES)
  const request = await createHandshakeRequest({ signer, fingerprint, nonce, now: clock.unixMs() })
  const frame = encodeHandshakeRequest(request)
  const response = await ask(link, frame, settings.maxFrameBytes).catch((thrown: unknown) => {
    const cause = LevinError.from(thrown)
    throw new LevinError(cause.code, `the handshake with miner ${named}: ${cause.message}`, { cause })
  })
  const now = clock.unixMs()
  const wantedHotkey = wanted.has(response.minerHotkey) ? response.minerHotkey : named
  const { clockSkewSeconds } = checkHandshakeResponse({ response, request, wantedHotkey, fingerprint, now })
  if (Math.abs(clockSkewSeconds) > SKEW_WORTH_A_WARNING_SECONDS) {
    const message = 'the clocks of validator and miner are apart'
    noise.note(message, message, { miner: wantedHotkey, clockSkewSeconds }, 'warn')
  }
  return { hotkey: wantedHotkey, clockSkewSeconds }
}

async function ask(link: Link, frame: Uint8Array, maxFrameBytes: number): Promise<HandshakeResponse> {
  const [type, payload] = await firstFrame(link, frame, maxFrameBytes)
  if (type === MessageType.HandshakeResponse) return decodeHandshakeResponse(payload)
  throw new LevinError('PROTOCOL', `the miner answered with a ${messageTypeName(type)}`)
}

function firstFrame(
  link: Link,
  frame: Uint8Array,
  maxFrameBytes: number,
): Promise<[MessageType, Uint8Array]> {
  return new Promise((resolve, reject) => {
    const reader = new FrameReader(maxFrameBytes, {
      onHeader: (_type, length) => {
        if (length > MOST_ANSWER_BYTES) throw new LevinError('PROTOCOL', `its answer has ${length} bytes`)
      },
      onFrame: (type, payload) => resolve([type, payload]),
      onFailure: reject,
    })
    const stream = link.openStream(reader)
    if (stream !== undefined) stream.end(frame)
    else if (link.closed !== undefined) reader.onReset(reasonOf(link.closed))
    else reject(new LevinError('PROTOCOL', 'the miner allows no stream to be opened'))
  })
}
