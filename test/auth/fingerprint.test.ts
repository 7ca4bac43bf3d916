import { expect, test } from 'vitest'
import { certificateFingerprint } from '../../src/auth/fingerprint.js'
import { pythonClient, rustClient, rustServer } from '../wire/vectors.js'

test('of the captured certificates', () => {
  for (const { cert_der_hex, fingerprint_b64 } of [rustClient, pythonClient, rustServer]) {
    expect(certificateFingerprint(Buffer.from(cert_der_hex, 'hex'))).toBe(fingerprint_b64)
  }
})

test('BLAKE2b-256 of nothing, from its test vectors', () => {
  const empty = Buffer.from('0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8', 'hex')
  expect(certificateFingerprint(new Uint8Array())).toBe(empty.toString('base64'))
})
