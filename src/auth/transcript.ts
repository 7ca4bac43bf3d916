import { Buffer } from 'node:buffer'

// The two signed texts. ':' cannot stand in any of their parts: hotkeys are base58, nonces hex, fingerprints base64.

/** What both sides know of a handshake that was asked for. */
export interface Transcript {
  readonly validatorHotkey: string
  /** UNIX seconds, of the message that is signed. */
  readonly timestamp: number
  readonly nonce: string
  /** As `certificateFingerprint` gives it. */
  readonly fingerprint: string
}

/** What the validator signs. */
export function requestTranscript({
  validatorHotkey,
  timestamp,
  nonce,
  fingerprint,
}: Transcript): Uint8Array {
  return Buffer.from(`handshake:${validatorHotkey}:${timestamp}:${nonce}:${fingerprint}`)
}

/** What the miner signs: with the nonce of the request, and a timestamp of its own. */
export function responseTranscript(
  minerHotkey: string,
  { validatorHotkey, timestamp, nonce, fingerprint }: Transcript,
): Uint8Array {
  return Buffer.from(
    `handshake_response:${validatorHotkey}:${minerHotkey}:${timestamp}:${nonce}:${fingerprint}`,
  )
}
