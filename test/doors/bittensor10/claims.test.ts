import { describe, expect, test } from 'vitest'
import {
  isDendrites,
  NONCE_WINDOW_SECONDS,
  nonceObjection,
  readSynapseClaims,
  type SynapseClaims,
  verifySynapse,
} from '../../../src/doors/bittensor10/claims.js'
import { captured, headersOf, MINER } from './captured.js'

const headers = headersOf(captured.dendrite_request.headers)
const NONCE = 1795694573187193292n
const SECOND = 1_000_000_000n

function claimsOf(over: Record<string, string[] | undefined> = {}): SynapseClaims {
  const claims = readSynapseClaims({ ...headers, ...over })
  if ('objection' in claims) throw new Error(claims.objection)
  return claims
}

test("a real dendrite's request is read and verified", () => {
  expect(isDendrites(headers)).toBe(true)
  const claims = claimsOf()
  expect(claims).toMatchObject({
    hotkey: '5CfCr47V5Dte6bwxNBE8K9oNnQd9fiay6aDEEkgYtFv7w4Fq',
    nonce: NONCE,
    uuid: '4f1a9204-e991-11f1-a78b-02fc00000001',
    timeoutSeconds: 5,
    bodyHash: '5de2a0d74a56fadda13f436f0c4b62fa666da2c413dbd3a2d044a3a98f4763fc',
  })
  expect(nonceObjection(claims, undefined, NONCE + SECOND)).toBeUndefined()
  expect(verifySynapse(claims, MINER)).toBe(true)
})

test('for another miner, or with anything else in it, it does not verify', () => {
  const claims = claimsOf()
  expect(verifySynapse(claims, claims.hotkey)).toBe(false)
  expect(verifySynapse({ ...claims, nonce: NONCE + 1n }, MINER)).toBe(false)
  expect(verifySynapse({ ...claims, uuid: 'a' }, MINER)).toBe(false)
  expect(verifySynapse({ ...claims, bodyHash: '0'.repeat(64) }, MINER)).toBe(false)
})

describe('shape', () => {
  test.each<[string, string[] | undefined, string]>([
    ['bt_header_dendrite_hotkey', undefined, 'No SS58 formatted address or public key provided.'],
    ['bt_header_dendrite_hotkey', ['5Alice'], 'Invalid SS58 address'],
    ['bt_header_dendrite_nonce', undefined, 'Missing Nonce'],
    ['bt_header_dendrite_nonce', ['-1'], 'Missing Nonce'],
    ['bt_header_dendrite_uuid', undefined, 'Missing UUID'],
    ['bt_header_dendrite_uuid', ['a b'], 'Missing UUID'],
    ['bt_header_dendrite_uuid', ['a'.repeat(65)], 'Missing UUID'],
    ['bt_header_dendrite_signature', undefined, 'Missing Signature'],
    ['bt_header_dendrite_signature', ['0x12'], 'Missing Signature'],
    ['computed_body_hash', undefined, 'Missing Body Hash'],
    ['computed_body_hash', ['A'.repeat(64)], 'Missing Body Hash'],
    ...['hotkey', 'nonce', 'uuid', 'signature'].map((key): [string, string[], string] => [
      `bt_header_dendrite_${key}`,
      ['1', '1'],
      'stands there twice',
    ]),
    ['computed_body_hash', ['1', '1'], 'stands there twice'],
    ['timeout', ['1', '1'], 'stands there twice'],
  ])('%s: %j', (name, values, why) => {
    expect(readSynapseClaims({ ...headers, [name]: values })).toEqual({
      objection: expect.stringContaining(why),
    })
  })

  test.each([
    ['12.0', 12],
    ['0.5', 0.5],
    ['1e-05', 0.00001],
    ['None', undefined],
    ['-1', undefined],
    ['1e9999', undefined],
    ['inf', undefined],
  ])('a timeout of %s', (text, seconds) => {
    expect(claimsOf({ timeout: [text] }).timeoutSeconds).toBe(seconds)
  })
})

describe('nonces', () => {
  const claims = claimsOf() // with a timeout of 5 s

  test('must be larger than the last one', () => {
    expect(nonceObjection(claims, NONCE - 1n, NONCE)).toBeUndefined()
    for (const last of [NONCE, NONCE + 1n]) {
      expect(nonceObjection(claims, last, NONCE)).toBe('Nonce is too old, a newer one was last processed')
    }
  })

  test('are at most 4 s old and as much as the dendrite waits, of which 60 s count', () => {
    const seconds = (after: number, of: SynapseClaims) =>
      nonceObjection(of, undefined, NONCE + BigInt(after * 1000) * 1_000_000n)
    expect(seconds(8.999, claims)).toBeUndefined()
    expect(seconds(60, claims)).toBe(
      'Nonce is too old: acceptable delta is 9.00 seconds but request was 60.00 seconds old',
    )
    expect(seconds(9, claims)).toContain('too old')
    expect(seconds(3.999, { ...claims, timeoutSeconds: undefined })).toBeUndefined()
    expect(seconds(4, { ...claims, timeoutSeconds: undefined })).toContain('too old')
    expect(seconds(63.999, { ...claims, timeoutSeconds: 1e9 })).toBeUndefined()
    expect(seconds(64, { ...claims, timeoutSeconds: 1e9 })).toContain('too old')
  })

  test('are old also for a dendrite that was here before', () => {
    expect(nonceObjection(claims, NONCE - 1n, NONCE + 9n * SECOND)).toContain('too old')
  })

  test('are at most a minute ahead', () => {
    expect(nonceObjection(claims, undefined, NONCE - 60n * SECOND)).toBeUndefined()
    expect(nonceObjection(claims, undefined, NONCE - 60n * SECOND - 1n)).toContain('future')
  })

  test('are none any more after the window', () => {
    const earliest = NONCE - 60n * SECOND
    const window = BigInt(NONCE_WINDOW_SECONDS) * SECOND
    expect(nonceObjection({ ...claims, timeoutSeconds: 1e9 }, undefined, earliest + window)).toContain('old')
  })
})
