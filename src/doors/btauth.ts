/** `btauth/1`: any HTTP request, signed with a hotkey, as Bittensor's SDK 11 has it (`bittensor.http_auth`). */
import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { verifyEd25519 } from '../auth/ed25519.js'
import type { Signer } from '../auth/signer.js'
import { verify } from '../auth/sr25519.js'
import { parseHotkey } from '../auth/ss58.js'
import {
  type HttpHeaders,
  type Objection,
  onlyOne,
  parseNanoseconds,
  parseSignature,
  repetition,
  signatureText,
} from './headers.js'

const PROTOCOL = 'btauth/1'
const VERSION = '1'
/** In place of a receiver. */
const NOBODY = '-'

const Header = {
  version: 'x-bittensor-version',
  hotkey: 'x-bittensor-hotkey',
  receiver: 'x-bittensor-receiver',
  nonce: 'x-bittensor-nonce',
  signature: 'x-bittensor-signature',
  crypto: 'x-bittensor-crypto',
} as const

/** How old a request may be, and how far ahead dated, in seconds: the SDK's own defaults. */
export const MAX_BTAUTH_AGE_SECONDS = 10
export const MAX_BTAUTH_AHEAD_SECONDS = 2
const NANOSECONDS = 1_000_000_000n

/** What is signed besides who signs when. */
export interface BtauthRequest {
  /** Upper case. */
  readonly method: string
  /** Path and query as they are sent: `/Forecast?a=1`. */
  readonly target: string
  /** The raw bytes. */
  readonly body: Uint8Array
}

/**
 * The headers of a signed request.
 * @param request `receiver` is the hotkey that is asked; `nowNs` nanoseconds since 1970, never used before with this signer
 */
export async function signBtauth(
  signer: Signer,
  request: BtauthRequest & { readonly receiver: string; readonly nowNs: bigint },
): Promise<Readonly<Record<string, string>>> {
  const { receiver, nowNs } = request
  const claims = { scheme: 'sr25519', hotkey: signer.hotkey, receiver, nonce: nowNs } as const
  const signature = await signer.sign(signedText(claims, request))
  return {
    'X-Bittensor-Version': VERSION,
    'X-Bittensor-Hotkey': signer.hotkey,
    'X-Bittensor-Receiver': receiver,
    'X-Bittensor-Nonce': String(nowNs),
    'X-Bittensor-Signature': signatureText(signature),
  }
}

/** What the headers of a request say, which nobody looked into yet. */
export interface BtauthClaims {
  /** SS58. */
  readonly hotkey: string
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** Undefined when the request is for anybody. */
  readonly receiver: string | undefined
  /** Nanoseconds since 1970. */
  readonly nonce: bigint
  readonly scheme: 'sr25519' | 'ed25519'
  /** 64 bytes. */
  readonly signature: Uint8Array
}

/** Whether a request is meant to be signed so, well or not. */
export const isBtauth = (headers: HttpHeaders): boolean =>
  headers[Header.version] !== undefined || headers[Header.signature] !== undefined

/** The first check: of the shape. Each header stands there once. */
export function readBtauth(headers: HttpHeaders): BtauthClaims | Objection {
  const text = (name: string): string => onlyOne(headers, name) ?? ''
  const repeated = repetition(headers, Object.values(Header))
  if (repeated !== undefined) return repeated
  if (text(Header.version) !== VERSION) return { objection: `${Header.version} is not ${VERSION}` }
  const hotkey = text(Header.hotkey)
  const publicKey = parseHotkey(hotkey)
  if (publicKey === undefined) return { objection: `${Header.hotkey} is no hotkey` }
  const nonce = parseNanoseconds(text(Header.nonce))
  if (nonce === undefined) return { objection: `${Header.nonce} is no number of nanoseconds` }
  const scheme = onlyOne(headers, Header.crypto) ?? 'sr25519'
  if (scheme !== 'sr25519' && scheme !== 'ed25519')
    return { objection: `${Header.crypto} is neither sr25519 nor ed25519` }
  const signature = parseSignature(text(Header.signature))
  if (signature === undefined) return { objection: `${Header.signature} is not 64 bytes in hex` }
  return {
    hotkey,
    publicKey,
    receiver: onlyOne(headers, Header.receiver) ?? undefined,
    nonce,
    scheme,
    signature,
  }
}

/**
 * The second check: for whom a request is, and how old. Undefined when there is nothing against it.
 * @param self hotkey of who was asked
 * @param nowNs nanoseconds since 1970
 */
export function btauthObjection(
  { receiver, nonce }: BtauthClaims,
  self: string,
  nowNs: bigint,
): string | undefined {
  if (receiver === undefined) return `${Header.receiver} is missing: requests must be for this hotkey alone`
  if (receiver !== self) return 'signed for another hotkey'
  if (nowNs - nonce > BigInt(MAX_BTAUTH_AGE_SECONDS) * NANOSECONDS)
    return `more than ${MAX_BTAUTH_AGE_SECONDS} s old`
  if (nonce - nowNs > BigInt(MAX_BTAUTH_AHEAD_SECONDS) * NANOSECONDS)
    return `dated more than ${MAX_BTAUTH_AHEAD_SECONDS} s ahead`
  return undefined
}

/**
 * The third check: the signature, under the scheme that the request names and no other. The fourth is the caller's: that
 * this nonce of this hotkey was not there before, which may be written down only now.
 */
export function verifyBtauth(claims: BtauthClaims, request: BtauthRequest): boolean {
  const verifies = claims.scheme === 'ed25519' ? verifyEd25519 : verify
  return verifies(claims.publicKey, signedText(claims, request), claims.signature)
}

function signedText(
  { scheme, nonce, hotkey, receiver }: Omit<BtauthClaims, 'publicKey' | 'signature'>,
  { method, target, body }: BtauthRequest,
): Buffer {
  const bodyHash = createHash('sha256').update(body).digest('hex')
  const lines = [PROTOCOL, scheme, method, target, bodyHash, nonce, hotkey, receiver ?? NOBODY]
  return Buffer.from(lines.join('\n'))
}
