import { X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { createCertificate } from '../../src/transport/certificate.js'

test('is a well-formed certificate that its own key signed, for localhost', () => {
  const { der, certificatePem, keyPem } = createCertificate()
  const parsed = new X509Certificate(der)
  expect(parsed.verify(parsed.publicKey)).toBe(true)
  expect(parsed.subjectAltName).toBe('DNS:localhost')
  expect(parsed.issuer).toBe(parsed.subject)
  expect(new X509Certificate(certificatePem).raw.equals(der)).toBe(true)
  expect(keyPem).toContain('BEGIN PRIVATE KEY')
})

test('is another one each time', () => {
  const [one, other] = [createCertificate(), createCertificate()]
  expect(Buffer.from(one.der).equals(other.der)).toBe(false)
  expect(new X509Certificate(one.der).serialNumber).not.toBe(new X509Certificate(other.der).serialNumber)
})

test('never has a serial number that DER would shorten or read as negative', () => {
  for (let i = 0; i < 50; i++) {
    const { serialNumber } = new X509Certificate(createCertificate().der)
    expect(serialNumber).toMatch(/^[4-7][0-9A-F]{39}$/)
  }
})
