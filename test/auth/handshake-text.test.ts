/** What a signer signs: the two texts of a handshake, for its own hotkey, now, and nothing else. */
import { describe, expect, test } from 'vitest'
import { handshakeObjection, MAX_HANDSHAKE_TEXT_BYTES } from '../../src/auth/handshake-text.js'
import { requestTranscript, responseTranscript } from '../../src/auth/transcript.js'
import { minerSigner, validatorSigner } from '../support/hotkeys.js'

const NOW = 1_790_000_000_000
const ours = minerSigner.hotkey
const theirs = validatorSigner.hotkey
const parts = {
  validatorHotkey: theirs,
  timestamp: NOW / 1000,
  nonce: '00112233445566778899aAbBcCdDeEfF',
  fingerprint: Buffer.alloc(32, 7).toString('base64'),
}
const request = (more: object = {}) => requestTranscript({ ...parts, validatorHotkey: ours, ...more })
const response = (more: object = {}) => responseTranscript(ours, { ...parts, ...more })
const objection = (message: Uint8Array) => handshakeObjection(ours, message, NOW)

test('a request and a response of our own', () => {
  expect(objection(request())).toBeUndefined()
  expect(objection(response())).toBeUndefined()
})

test.each([59, 60, -60])('dated %d s from now', (seconds) => {
  expect(objection(request({ timestamp: NOW / 1000 + seconds }))).toBeUndefined()
})

test.each([61, -61, 86_400])('not dated %d s from now', (seconds) => {
  expect(objection(request({ timestamp: NOW / 1000 + seconds }))).toContain(`dated ${seconds} s from now`)
  expect(objection(response({ timestamp: NOW / 1000 + seconds }))).toContain(`dated ${seconds} s from now`)
})

const text = Buffer.from(request()).toString()
const base64url = Buffer.alloc(32, 0xff).toString('base64url').padEnd(44, '=')
const notCanonical = `${parts.fingerprint.slice(0, 42)}d=` // the last digit's two spare bits are set

describe('refused', () => {
  test.each([
    ['nothing', ''],
    ['a transaction, as SCALE has it', Buffer.from(`0500${'8e'.repeat(32)}0700e8764817`, 'hex')],
    ["a transaction's hash", Buffer.alloc(32, 0xa5)],
    ['a remark in the wrapper of wallets', '<Bytes>hello</Bytes>'],
    ['a handshake in the wrapper of wallets', `<Bytes>${text}</Bytes>`],
    ['another prefix', text.replace('handshake', 'epistula')],
    ['another prefix, as long', text.replace('handshake', 'Handshake')],
    ['the prefix alone', 'handshake:'],
    ['what another protocol of Bittensor signs', `${NOW}.${ours}.${theirs}.uuid.bodyhash`],
    ['more after it', `${text}\n`],
    ['more before it', ` ${text}`],
    ['a part more', `${text}:1`],
    ['a part less', text.slice(0, text.lastIndexOf(':'))],
    ['a NUL inside', text.replace(':', '\0')],
    ['a nonce that is too long', text.replace(parts.nonce, `${parts.nonce}00`)],
    ['a nonce that is no hex', text.replace(parts.nonce, 'z'.repeat(32))],
    ['a time with a leading zero', text.replace(`${NOW / 1000}`, `0${NOW / 1000}`)],
    ['a negative time', text.replace(`${NOW / 1000}`, `-${NOW / 1000}`)],
    ['a fingerprint in base64url', text.replace(parts.fingerprint, base64url)],
    ['a fingerprint that is not canonical', text.replace(parts.fingerprint, notCanonical)],
    ['bytes beyond ASCII', Buffer.concat([Buffer.from(text), Buffer.from([0xff])])],
    ['a request of another hotkey', request({ validatorHotkey: theirs })],
    ['a response of another hotkey', responseTranscript(theirs, { ...parts, validatorHotkey: ours })],
    ['a response to what is no hotkey', response({ validatorHotkey: `${theirs.slice(0, 47)}1` })],
    ['overlong text', `${text}${' '.repeat(MAX_HANDSHAKE_TEXT_BYTES)}`],
    ['a mebibyte', Buffer.alloc(1024 * 1024, 'handshake:')],
  ])('%s', (_what, message) => {
    expect(objection(Buffer.from(message as string))).toEqual(expect.any(String))
  })
})
