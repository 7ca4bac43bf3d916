import { expect, test } from 'vitest'
import { AXON, terminalHeaders, terminalJson } from '../../../src/doors/bittensor10/terminal.js'
import { captured } from './captured.js'

const NONCE = 1795694573187193292n

test('is written into a body as Python does, each digit of the nonce included', () => {
  const dendrite = {
    ip: '127.0.0.1',
    version: 10_005_000,
    nonce: NONCE,
    uuid: '4f1a9204-e991-11f1-a78b-02fc00000001',
    hotkey: '5CfCr47V5Dte6bwxNBE8K9oNnQd9fiay6aDEEkgYtFv7w4Fq',
    signature: 'S',
  }
  const { body } = captured.dendrite_request
  const real = body.slice(body.indexOf('"dendrite": ') + 12, body.indexOf(', "axon"'))
  expect(terminalJson(dendrite)).toBe(
    real
      .replaceAll(', "', ',"')
      .replaceAll(': ', ':')
      .replace(/0x\w{128}/, 'S'),
  )
})

test('holds in headers what is known, and nothing that ends one', () => {
  expect(
    terminalHeaders(AXON, { status_code: 404, status_message: "'a\r\nb\u0000é😀'", nonce: NONCE }),
  ).toEqual({
    bt_header_axon_status_code: '404',
    bt_header_axon_status_message: "'a??b????'",
    bt_header_axon_nonce: `${NONCE}`,
  })
})
