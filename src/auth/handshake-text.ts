import { Buffer } from 'node:buffer'
import { parseHotkey } from './ss58.js'
import { requestTranscript, responseTranscript } from './transcript.js'

/**
 * How far a handshake's time may be from the clock of who is asked to sign it, in seconds. Both are processes of one
 * machine, so that their clocks agree; what is dated for later is wanted by somebody who collects signatures.
 */
export const MAX_SIGNING_SKEW_SECONDS = 60

/** The longer of the two texts, a response, has 205 characters. */
export const MAX_HANDSHAKE_TEXT_BYTES = 256

/** Prefix, hotkeys, UNIX seconds, a nonce of 16 bytes in hex, a fingerprint of 32 bytes in base64. */
const REQUEST = /^handshake:(\w{48}):(\d{1,15}):([0-9a-fA-F]{32}):([A-Za-z0-9+/]{43}=)$/
const RESPONSE = /^handshake_response:(\w{48}):(\w{48}):(\d{1,15}):([0-9a-fA-F]{32}):([A-Za-z0-9+/]{43}=)$/

/**
 * Why these bytes are not a handshake's text that the hotkey signs now, as transcript.ts writes them; undefined when they
 * are one.
 * @param now UNIX milliseconds
 */
export function handshakeObjection(hotkey: string, message: Uint8Array, now: number): string | undefined {
  if (message.length > MAX_HANDSHAKE_TEXT_BYTES) {
    return `it has ${message.length} bytes; a handshake has at most ${MAX_HANDSHAKE_TEXT_BYTES}`
  }
  const bytes = Buffer.from(message)
  const text = bytes.toString('latin1')
  const parsed = parseRequest(text) ?? parseResponse(text)
  if (parsed === undefined) return 'it is not the text of a handshake'
  const { signer, other, timestamp, canonical } = parsed
  if (signer !== hotkey) return 'it is the text of a handshake of another hotkey'
  if (other !== undefined && parseHotkey(other) === undefined) return 'it names a validator that is no hotkey'
  const skewSeconds = timestamp - Math.floor(now / 1000)
  if (Math.abs(skewSeconds) > MAX_SIGNING_SKEW_SECONDS) {
    return `it is dated ${skewSeconds} s from now; at most ${MAX_SIGNING_SKEW_SECONDS} are signed`
  }
  return bytes.equals(canonical) ? undefined : 'it is not written as a handshake is'
}

interface Parsed {
  readonly signer: string
  readonly other?: string
  readonly timestamp: number
  /** The same written anew: what differs from it in any byte is something else. */
  readonly canonical: Uint8Array
}

function parseRequest(text: string): Parsed | undefined {
  const [, validatorHotkey, seconds, nonce, base64] = REQUEST.exec(text) ?? []
  if (validatorHotkey === undefined) return undefined
  const timestamp = Number(seconds)
  const canonical = requestTranscript({
    validatorHotkey,
    timestamp,
    nonce: nonce!,
    fingerprint: again(base64!),
  })
  return { signer: validatorHotkey, timestamp, canonical }
}

function parseResponse(text: string): Parsed | undefined {
  const [, validatorHotkey, minerHotkey, seconds, nonce, base64] = RESPONSE.exec(text) ?? []
  if (validatorHotkey === undefined) return undefined
  const timestamp = Number(seconds)
  const transcript = { validatorHotkey, timestamp, nonce: nonce!, fingerprint: again(base64!) }
  return {
    signer: minerHotkey!,
    other: validatorHotkey,
    timestamp,
    canonical: responseTranscript(minerHotkey!, transcript),
  }
}

const again = (base64: string): string => Buffer.from(base64, 'base64').toString('base64')
