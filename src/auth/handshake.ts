import { Buffer } from 'node:buffer'
import { LevinError } from '../errors.js'
import { shown } from '../shown.js'
import type { HandshakeRequest, HandshakeResponse } from '../wire/messages.js'
import { MAX_FUTURE_SECONDS, MAX_SIGNATURE_AGE_SECONDS, type NonceCache } from './nonce-cache.js'
import type { Signer } from './signer.js'
import { SIGNATURE_BYTES, verify } from './sr25519.js'
import { decodeHotkey, parseHotkey } from './ss58.js'
import { requestTranscript, responseTranscript } from './transcript.js'

// Both sides of the handshake. Throughout, `now` is UNIX milliseconds and `fingerprint` what certificateFingerprint
// gives for the server's certificate.

const NONCE_BYTES = 16
const SIGNATURE_BASE64_LENGTH = 88

/**
 * The client's request.
 * @param nonce 16 random bytes, never used before
 * @throws LevinError `CONFIG` when the signer does not sign
 */
export async function createHandshakeRequest(options: {
  signer: Signer
  fingerprint: string
  nonce: Uint8Array
  now: number
}): Promise<HandshakeRequest> {
  if (options.nonce.length !== NONCE_BYTES) {
    throw new LevinError('CONFIG', `a nonce has ${NONCE_BYTES} bytes, not ${options.nonce.length}`)
  }
  const validatorHotkey = options.signer.hotkey
  const timestamp = seconds(options.now)
  const nonce = Buffer.from(options.nonce).toString('hex')
  const text = requestTranscript({ validatorHotkey, timestamp, nonce, fingerprint: options.fingerprint })
  return { validatorHotkey, timestamp, nonce, signature: await signed(options.signer, text) }
}

/**
 * The client's check of the answer: that who holds the connection's certificate also holds the wanted hotkey.
 * @returns `clockSkewSeconds` is how far the miner's clock is ahead of ours, negative when behind
 * @throws LevinError `HANDSHAKE_REFUSED`, `WRONG_PEER`, or `PROTOCOL` for an answer that is none
 */
export function checkHandshakeResponse(options: {
  response: HandshakeResponse
  request: HandshakeRequest
  wantedHotkey: string
  fingerprint: string
  now: number
}): { connectionId: string; clockSkewSeconds: number } {
  const { response, request, wantedHotkey, fingerprint } = options
  const publicKey = decodeHotkey(wantedHotkey)
  const clockSkewSeconds = response.timestamp - seconds(options.now)
  if (!response.accepted) {
    throw new LevinError(
      'HANDSHAKE_REFUSED',
      `miner ${wantedHotkey} refused the handshake of ${request.validatorHotkey}; a miner gives no reason: ` +
        `usual ones are a hotkey that it does not admit, a full or rate-limited miner, and clocks apart (by ${clockSkewSeconds} s here)`,
    )
  }
  if (response.minerHotkey !== wantedHotkey) {
    throw new LevinError(
      'WRONG_PEER',
      `wanted miner ${wantedHotkey}, but '${shown(response.minerHotkey, 64)}' answered`,
    )
  }
  if (response.certFingerprint === null) {
    throw new LevinError('PROTOCOL', `miner ${wantedHotkey} accepted without its certificate's fingerprint`)
  }
  if (response.certFingerprint !== fingerprint) {
    throw new LevinError(
      'WRONG_PEER',
      `miner ${wantedHotkey} signed for another TLS certificate than the connection's: someone may be in between`,
    )
  }
  const signature = parseSignature(response.signature)
  if (signature === undefined) {
    throw new LevinError('PROTOCOL', `miner ${wantedHotkey} sent a signature that is not base64 of 64 bytes`)
  }
  const { validatorHotkey, nonce } = request
  const transcript = { validatorHotkey, timestamp: response.timestamp, nonce, fingerprint }
  if (!verify(publicKey, responseTranscript(wantedHotkey, transcript), signature)) {
    throw new LevinError('WRONG_PEER', `who answered as miner ${wantedHotkey} could not sign for that hotkey`)
  }
  return { connectionId: response.connectionId, clockSkewSeconds }
}

/** Why a request is refused. For our own logs: a peer only learns that it was not accepted. */
export type HandshakeRefusal =
  | 'too old'
  | 'in the future'
  | 'malformed nonce'
  | 'malformed hotkey'
  | 'malformed signature'
  | 'wrong signature'
  | 'nonce already used'
  | 'too many nonces'

/** `skewSeconds`: how far the request is dated ahead of our clock, negative when behind. */
export type Refused = { readonly ok: false; readonly reason: HandshakeRefusal; readonly skewSeconds: number }

/** A request that is well-formed and fresh, but whose signature nobody looked at yet. */
export interface UnverifiedRequest {
  readonly ok: true
  readonly request: HandshakeRequest
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** 64 bytes. */
  readonly signature: Uint8Array
  readonly skewSeconds: number
}

/**
 * The server's first step, without cryptography: clock window, nonce, encodings. Between it and
 * {@link verifyHandshakeRequest} the access policy can refuse a hotkey for the price of a look-up.
 */
export function checkHandshakeRequest(options: {
  request: HandshakeRequest
  now: number
  maxAgeSeconds?: number
  maxFutureSeconds?: number
}): UnverifiedRequest | Refused {
  const { request } = options
  const skewSeconds = request.timestamp - seconds(options.now)
  const refused = (reason: HandshakeRefusal): Refused => ({ ok: false, reason, skewSeconds })

  if (-skewSeconds >= (options.maxAgeSeconds ?? MAX_SIGNATURE_AGE_SECONDS)) return refused('too old')
  if (skewSeconds > (options.maxFutureSeconds ?? MAX_FUTURE_SECONDS)) return refused('in the future')
  if (!/^[0-9a-fA-F]{32}$/.test(request.nonce)) return refused('malformed nonce')
  const publicKey = parseHotkey(request.validatorHotkey)
  if (publicKey === undefined) return refused('malformed hotkey')
  const signature = parseSignature(request.signature)
  if (signature === undefined) return refused('malformed signature')
  return { ok: true, request, publicKey, signature, skewSeconds }
}

/** The server's second step: the signature, then the nonce, which is recorded only when the signature is good. */
export function verifyHandshakeRequest(
  { request, publicKey, signature, skewSeconds }: UnverifiedRequest,
  options: { fingerprint: string; now: number; nonces: NonceCache },
): { readonly ok: true; readonly publicKey: Uint8Array } | Refused {
  const { validatorHotkey, timestamp, nonce } = request
  const text = requestTranscript({ validatorHotkey, timestamp, nonce, fingerprint: options.fingerprint })
  if (!verify(publicKey, text, signature)) return { ok: false, reason: 'wrong signature', skewSeconds }
  const recorded = options.nonces.record(publicKey, nonce, options.now)
  if (recorded === 'used') return { ok: false, reason: 'nonce already used', skewSeconds }
  if (recorded === 'full') return { ok: false, reason: 'too many nonces', skewSeconds }
  return { ok: true, publicKey }
}

/**
 * The server's yes.
 * @throws LevinError `CONFIG` when the signer does not sign
 */
export async function acceptHandshake(options: {
  signer: Signer
  request: HandshakeRequest
  fingerprint: string
  now: number
}): Promise<HandshakeResponse> {
  const { signer, fingerprint } = options
  const { validatorHotkey, nonce } = options.request
  const timestamp = seconds(options.now)
  const text = responseTranscript(signer.hotkey, { validatorHotkey, timestamp, nonce, fingerprint })
  return {
    minerHotkey: signer.hotkey,
    timestamp,
    signature: await signed(signer, text),
    accepted: true,
    connectionId: `conn_${validatorHotkey}_${options.now}`,
    certFingerprint: fingerprint,
  }
}

/** The server's no. @param minerHotkey empty when the request was not even parsed (rate limit, malformed) */
export function refuseHandshake(minerHotkey: string, now: number): HandshakeResponse {
  return {
    minerHotkey,
    timestamp: seconds(now),
    signature: '',
    accepted: false,
    connectionId: '',
    certFingerprint: null,
  }
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000)
}

async function signed(signer: Signer, text: Uint8Array): Promise<string> {
  const signature = await signer.sign(text)
  if (signature.length !== SIGNATURE_BYTES) {
    throw new LevinError('CONFIG', `the signer of ${signer.hotkey} must return ${SIGNATURE_BYTES} bytes`)
  }
  return Buffer.from(signature).toString('base64')
}

/** Only the canonical base64 of 64 bytes: Node's own decoder skips what it does not know. */
function parseSignature(text: string): Uint8Array | undefined {
  if (text.length !== SIGNATURE_BASE64_LENGTH) return undefined
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === SIGNATURE_BYTES && bytes.toString('base64') === text ? bytes : undefined
}
