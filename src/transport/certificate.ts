/**
 * The self-signed certificate a miner makes for itself at each start. Nobody checks its names or its issuer:
 * btlightning's handshake signs its fingerprint instead. A certificate library would bring a dozen packages for one
 * structure of constant shape, so its DER (RFC 5280, section 4.1) is written here.
 */
import { generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto'

export interface Certificate {
  /** PEM text, as the TLS engine takes it. */
  readonly certificatePem: string
  readonly keyPem: string
  /** DER bytes: what the fingerprint is taken of. */
  readonly der: Uint8Array
}

/** DER tags (ITU-T X.690) of the few types that a certificate needs. */
const INTEGER = 0x02
const BIT_STRING = 0x03
const OCTET_STRING = 0x04
const OBJECT_IDENTIFIER = 0x06
const UTF8_STRING = 0x0c
const GENERALIZED_TIME = 0x18
const SEQUENCE = 0x30
const SET = 0x31
const EXPLICIT_0 = 0xa0
const EXPLICIT_3 = 0xa3
const DNS_NAME = 0x82

const ECDSA_WITH_SHA256 = Buffer.from('2a8648ce3d040302', 'hex')
const COMMON_NAME = Buffer.from('550403', 'hex')
const SUBJECT_ALT_NAME = Buffer.from('551d11', 'hex')

const NAME = 'levin self signed'
/** As the reference does: valid long before and after any clock, since nobody checks it. */
const NOT_BEFORE = '19750101000000Z'
const NOT_AFTER = '40960101000000Z'

/**
 * Whether a certificate is one of ours, by the name in it: it shows that the other end is Levin without a byte more on the
 * wire. The handshake signs its fingerprint, so that it is the miner's own word.
 */
export function isLevins(der: Uint8Array): boolean {
  try {
    return new X509Certificate(der).subject === `CN=${NAME}`
  } catch {
    return false
  }
}

function der(tag: number, ...contents: Uint8Array[]): Buffer {
  const body = Buffer.concat(contents)
  const length =
    body.length < 0x80
      ? [body.length]
      : body.length < 0x100
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}

const text = (tag: number, value: string): Buffer => der(tag, Buffer.from(value, 'utf8'))

/** A new ECDSA P-256 key and its self-signed certificate, with the subject alternative name `localhost`. */
export function createCertificate(): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = der(SEQUENCE, der(OBJECT_IDENTIFIER, ECDSA_WITH_SHA256))
  const name = der(
    SEQUENCE,
    der(SET, der(SEQUENCE, der(OBJECT_IDENTIFIER, COMMON_NAME), text(UTF8_STRING, NAME))),
  )
  const serial = randomBytes(20)
  serial[0] = (serial[0]! & 0x3f) | 0x40 // positive, and never shortened by a leading zero

  const toBeSigned = der(
    SEQUENCE,
    der(EXPLICIT_0, der(INTEGER, Buffer.from([2]))), // version 3
    der(INTEGER, serial),
    algorithm,
    name,
    der(SEQUENCE, text(GENERALIZED_TIME, NOT_BEFORE), text(GENERALIZED_TIME, NOT_AFTER)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      EXPLICIT_3,
      der(
        SEQUENCE,
        der(
          SEQUENCE,
          der(OBJECT_IDENTIFIER, SUBJECT_ALT_NAME),
          der(OCTET_STRING, der(SEQUENCE, text(DNS_NAME, 'localhost'))),
        ),
      ),
    ),
  )
  const signature = sign('sha256', toBeSigned, privateKey)
  const bytes = der(SEQUENCE, toBeSigned, algorithm, der(BIT_STRING, Buffer.from([0]), signature))
  const lines = bytes.toString('base64').match(/.{1,64}/g)!
  return {
    certificatePem: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    der: bytes,
  }
}
