/**
 * The headers of an HTTP message by their lower-case names, with each time that one stood there: `headersDistinct` of
 * `node:http`. Its plain `headers` join what stands twice, so that it could not be told from one.
 */
export type HttpHeaders = Readonly<Record<string, readonly string[] | undefined>>

/** What a header says; undefined when it is not there, null when it stands there more than once. */
export function onlyOne(headers: HttpHeaders, name: string): string | undefined | null {
  const all = headers[name]
  if (all === undefined || all.length === 0) return undefined
  return all.length === 1 ? all[0]! : null
}

/** Why a request is not taken. Safe to tell: it repeats nothing of the request. */
export interface Objection {
  readonly objection: string
}

/** What proves something stands there once, or it could be read in two ways. */
export function repetition(headers: HttpHeaders, names: readonly string[]): Objection | undefined {
  const name = names.find((each) => onlyOne(headers, each) === null)
  return name === undefined ? undefined : { objection: `${name} stands there twice` }
}

/** 64 bytes in hex, as Substrate's tools write a signature. */
const SIGNATURE = /^(?:0x)?([0-9a-fA-F]{128})$/

export function parseSignature(text: string): Uint8Array | undefined {
  const [, hex] = SIGNATURE.exec(text) ?? []
  return hex === undefined ? undefined : Buffer.from(hex, 'hex')
}

export const signatureText = (signature: Uint8Array): string => `0x${Buffer.from(signature).toString('hex')}`

/** Nanoseconds since 1970. @param unixMs milliseconds, which may have a fraction */
export const nanosecondsOf = (unixMs: number): bigint => BigInt(Math.floor(unixMs * 1e6))

/** Nanoseconds since 1970, as both protocols' nonces are: digits as Python's `str` of an `int` gives them back. */
const NANOSECONDS = /^(?:0|[1-9]\d{0,19})$/

export const parseNanoseconds = (text: string): bigint | undefined =>
  NANOSECONDS.test(text) ? BigInt(text) : undefined
