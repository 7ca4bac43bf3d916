/** Who asks, by the headers of `bittensor` 10's dendrite, and whether to believe it, as its axon does. */
import { Buffer } from 'node:buffer'
import { verify } from '../../auth/sr25519.js'
import { parseHotkey } from '../../auth/ss58.js'
import {
  type HttpHeaders,
  type Objection,
  onlyOne,
  parseNanoseconds,
  parseSignature,
  repetition,
} from '../headers.js'
import { DENDRITE } from './terminal.js'

/** How old a request may be besides its own timeout, in seconds: the axon's own. */
const MAX_AGE_SECONDS = 4
/** The timeout is not signed: of a longer one, only so much counts, or an old request could be sent again. */
const MOST_TIMEOUT_SECONDS = 60
/** How far ahead a nonce may be dated; the axon takes any. As far as a handshake may be. */
const MAX_AHEAD_SECONDS = 60
const NANOSECONDS = 1e9

/** How long after its nonce a request may still be taken: so long the nonces of a dendrite are kept at least. */
export const NONCE_WINDOW_SECONDS = MAX_AGE_SECONDS + MOST_TIMEOUT_SECONDS + MAX_AHEAD_SECONDS

/** A dendrite's own is 36 characters. Without a space, so that what is signed has one form. */
const UUID = /^[\x21-\x7e]{1,64}$/
const BODY_HASH = /^[0-9a-f]{64}$/
/** Python's `str` of a float. */
const SECONDS = /^\d{1,15}(?:\.\d{1,17})?(?:e[-+]\d{1,3})?$/

/** What the headers of a request say, which nobody looked into yet. */
export interface SynapseClaims {
  /** SS58, of the dendrite. */
  readonly hotkey: string
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** Nanoseconds since 1970. */
  readonly nonce: bigint
  /** One for each dendrite object. */
  readonly uuid: string
  /** 64 bytes. */
  readonly signature: Uint8Array
  /** SHA3-256 in hex, of the fields that are to be hashed. */
  readonly bodyHash: string
  /** Seconds that the dendrite waits; undefined when it does not say. Not signed. */
  readonly timeoutSeconds: number | undefined
}

/** Whether a request is meant to be signed so, well or not. */
export const isDendrites = (headers: HttpHeaders): boolean =>
  headers[`${DENDRITE}hotkey`] !== undefined || headers[`${DENDRITE}signature`] !== undefined

/** The first check: of the shape. Each header stands there once. An objection is in the axon's words where it has some. */
export function readSynapseClaims(headers: HttpHeaders): SynapseClaims | Objection {
  const repeated = repetition(headers, ONCE)
  if (repeated !== undefined) return repeated
  const text = (name: string): string => onlyOne(headers, name) ?? ''
  const hotkey = text(`${DENDRITE}hotkey`)
  if (hotkey === '') return { objection: 'No SS58 formatted address or public key provided.' }
  const publicKey = parseHotkey(hotkey)
  if (publicKey === undefined) return { objection: 'Invalid SS58 address' }
  const nonce = parseNanoseconds(text(`${DENDRITE}nonce`))
  if (nonce === undefined) return { objection: 'Missing Nonce' }
  const uuid = text(`${DENDRITE}uuid`)
  if (!UUID.test(uuid)) return { objection: 'Missing UUID' }
  const signature = parseSignature(text(`${DENDRITE}signature`))
  if (signature === undefined) return { objection: 'Missing Signature' }
  const bodyHash = text('computed_body_hash')
  if (!BODY_HASH.test(bodyHash)) return { objection: 'Missing Body Hash' }
  const timeout = text('timeout')
  const timeoutSeconds = SECONDS.test(timeout) ? Number(timeout) : undefined
  return { hotkey, publicKey, nonce, uuid, signature, bodyHash, timeoutSeconds }
}

const ONCE = [
  ...['hotkey', 'nonce', 'uuid', 'signature'].map((key) => DENDRITE + key),
  'computed_body_hash',
  'timeout',
]

/**
 * The second check: how old a request is. Undefined when there is nothing against it.
 * @param last nonce of the last request of this `hotkey` and `uuid`; undefined when there was none
 * @param nowNs nanoseconds since 1970
 */
export function nonceObjection(
  { nonce, timeoutSeconds = 0 }: SynapseClaims,
  last: bigint | undefined,
  nowNs: bigint,
): string | undefined {
  if (last !== undefined && nonce <= last) return 'Nonce is too old, a newer one was last processed'
  const ageSeconds = Number(nowNs - nonce) / NANOSECONDS
  const allowedSeconds = MAX_AGE_SECONDS + Math.min(timeoutSeconds, MOST_TIMEOUT_SECONDS)
  if (ageSeconds >= allowedSeconds) {
    return (
      `Nonce is too old: acceptable delta is ${allowedSeconds.toFixed(2)} seconds but request was ` +
      `${ageSeconds.toFixed(2)} seconds old`
    )
  }
  return -ageSeconds > MAX_AHEAD_SECONDS ? 'Nonce is too far in the future' : undefined
}

/** What is signed. @param minerHotkey of who is asked: a request for another does not verify */
export function signedText(
  { nonce, hotkey, uuid, bodyHash }: Pick<SynapseClaims, 'nonce' | 'hotkey' | 'uuid' | 'bodyHash'>,
  minerHotkey: string,
): Buffer {
  return Buffer.from(`${nonce}.${hotkey}.${minerHotkey}.${uuid}.${bodyHash}`)
}

/** The third check: the signature. Only now may the nonce be written down. */
export const verifySynapse = (claims: SynapseClaims, minerHotkey: string): boolean =>
  verify(claims.publicKey, signedText(claims, minerHotkey), claims.signature)
