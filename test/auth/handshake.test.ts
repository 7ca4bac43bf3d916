import { describe, expect, test } from 'vitest'
import { certificateFingerprint } from '../../src/auth/fingerprint.js'
import {
  acceptHandshake,
  checkHandshakeRequest,
  checkHandshakeResponse,
  createHandshakeRequest,
  refuseHandshake,
  verifyHandshakeRequest,
} from '../../src/auth/handshake.js'
import { NonceCache } from '../../src/auth/nonce-cache.js'
import { seedSigner } from '../../src/auth/signer.js'
import { MessageType } from '../../src/wire/message-type.js'
import {
  decodeHandshakeRequest,
  decodeHandshakeResponse,
  encodeHandshakeResponse,
  type HandshakeRequest,
} from '../../src/wire/messages.js'
import { seed, seeded } from '../wire/seeded.js'
import { pythonClient, rustClient, rustServer } from '../wire/vectors.js'

const miner = seedSigner(Buffer.alloc(32, 1))
const validator = seedSigner(Buffer.alloc(32, 2))
const fingerprint = certificateFingerprint(Buffer.from('a certificate'))
const now = 1_795_252_073_400
const nonce = Buffer.alloc(16, 0xab)

const request = () => createHandshakeRequest({ signer: validator, fingerprint, nonce, now })

/** Both of the server's steps. */
function check(
  request: HandshakeRequest,
  options: { fingerprint?: string; now?: number; nonces?: NonceCache } = {},
) {
  const at = options.now ?? now
  const checked = checkHandshakeRequest({ request, now: at })
  if (!checked.ok) return checked
  return verifyHandshakeRequest(checked, {
    fingerprint: options.fingerprint ?? fingerprint,
    now: at,
    nonces: options.nonces ?? new NonceCache(),
  })
}

describe('captured from btlightning 0.2.15', () => {
  const exchange = (name: string) => {
    const { request_hex, response_hex } = rustServer.exchanges.find((x) => x.name === name)!
    return {
      request: decodeHandshakeRequest(Buffer.from(request_hex, 'hex').subarray(5)),
      responseFrame: Buffer.from(response_hex, 'hex'),
      response: decodeHandshakeResponse(Buffer.from(response_hex, 'hex').subarray(5)),
    }
  }
  const serverNow = exchange('handshake, accepted').response.timestamp * 1000
  const options = { fingerprint: rustServer.fingerprint_b64, now: serverNow }

  test.each([
    ['rust', rustClient],
    ['python', pythonClient],
  ])("the %s client's handshake verifies", (_, { frames, fingerprint_b64 }) => {
    const frame = Buffer.from(frames[0]!.hex, 'hex')
    expect(frame[0]).toBe(MessageType.HandshakeRequest)
    const request = decodeHandshakeRequest(frame.subarray(5))
    expect(request.validatorHotkey).toBe(validator.hotkey)
    const at = { now: request.timestamp * 1000, fingerprint: fingerprint_b64 }
    expect(check(request, at)).toMatchObject({ ok: true })
    expect(check(request, { ...at, fingerprint })).toMatchObject({ ok: false, reason: 'wrong signature' })
  })

  test.each([
    ['handshake, bad signature', 'wrong signature'],
    ['handshake, expired', 'too old'],
    ['handshake, in the future', 'in the future'],
  ])('%s: refused as the Rust server did', (name, reason) => {
    const { request, responseFrame } = exchange(name)
    expect(check(request, options)).toMatchObject({ ok: false, reason })
    expect(encodeHandshakeResponse(refuseHandshake(miner.hotkey, serverNow))).toEqual(responseFrame)
  })

  test('before parsing the refusal names nobody', () => {
    const malformed = rustServer.exchanges.find(({ name }) => name === 'handshake, malformed payload')!
    expect(encodeHandshakeResponse(refuseHandshake('', serverNow)).toString('hex')).toBe(
      malformed.response_hex,
    )
  })

  test('the accepted one, then its replay', () => {
    const nonces = new NonceCache()
    const { request, response } = exchange('handshake, accepted')
    expect(check(request, { ...options, nonces })).toMatchObject({ ok: true })
    const replay = exchange('handshake, replayed nonce').request
    expect(check(replay, { ...options, nonces })).toMatchObject({ ok: false, reason: 'nonce already used' })
    expect(checkHandshakeResponse({ response, request, wantedHotkey: miner.hotkey, ...options })).toEqual({
      connectionId: expect.stringMatching(new RegExp(`^conn_${validator.hotkey}_\\d{13}$`)),
      clockSkewSeconds: 0,
    })
  })
})

describe('both sides', () => {
  test('a handshake', async () => {
    const asked = await request()
    expect(asked).toMatchObject({
      validatorHotkey: validator.hotkey,
      timestamp: 1_795_252_073,
      nonce: 'ab'.repeat(16),
    })
    expect(check(asked)).toEqual({ ok: true, publicKey: expect.any(Uint8Array) })
    const response = await acceptHandshake({ signer: miner, request: asked, fingerprint, now: now + 2_000 })
    expect(
      checkHandshakeResponse({ response, request: asked, wantedHotkey: miner.hotkey, fingerprint, now }),
    ).toEqual({ connectionId: `conn_${validator.hotkey}_${now + 2_000}`, clockSkewSeconds: 2 })
  })

  test('a nonce is 16 bytes, and a signature 64', async () => {
    const options = { signer: validator, fingerprint, nonce: Buffer.alloc(15), now }
    await expect(createHandshakeRequest(options)).rejects.toMatchObject({ code: 'CONFIG' })
    const short = { hotkey: validator.hotkey, sign: () => new Uint8Array(63) }
    await expect(createHandshakeRequest({ ...options, nonce, signer: short })).rejects.toMatchObject({
      code: 'CONFIG',
    })
  })
})

describe('the server refuses', () => {
  test.each([
    [299, { ok: true }],
    [300, { ok: false, reason: 'too old', skewSeconds: -300 }],
    [301, { ok: false, reason: 'too old', skewSeconds: -301 }],
    [-59, { ok: true }],
    [-60, { ok: true }],
    [-61, { ok: false, reason: 'in the future', skewSeconds: 61 }],
  ])('by the clock, %i s later', async (later, result) => {
    expect(check(await request(), { now: now + later * 1000 })).toMatchObject(result)
  })

  test('with other limits', async () => {
    const limits = { request: await request(), maxAgeSeconds: 10, maxFutureSeconds: 5 }
    const at = (seconds: number) => checkHandshakeRequest({ ...limits, now: now + seconds * 1000 }).ok
    expect([9, 10, -5, -6].map(at)).toEqual([true, false, true, false])
  })

  test.each<[string, Partial<HandshakeRequest>]>([
    ['malformed nonce', { nonce: 'ab'.repeat(15) }],
    ['malformed nonce', { nonce: 'zz'.repeat(16) }],
    ['malformed nonce', { nonce: `${'ab'.repeat(16)}\n` }],
    ['malformed hotkey', { validatorHotkey: '' }],
    ['malformed hotkey', { validatorHotkey: `0x${'02'.repeat(32)}` }],
    ['malformed signature', { signature: '' }],
    ['malformed signature', { signature: Buffer.alloc(63).toString('base64') }],
    ['malformed signature', { signature: Buffer.alloc(65).toString('base64') }],
    ['malformed signature', { signature: Buffer.alloc(64).toString('base64url') }],
    ['malformed signature', { signature: `${Buffer.alloc(64).toString('base64').slice(0, -3)}B==` }],
    ['wrong signature', { signature: Buffer.alloc(64).toString('base64') }],
    ['wrong signature', { nonce: 'AB'.repeat(16) }],
    ['wrong signature', { validatorHotkey: miner.hotkey }],
    ['wrong signature', { timestamp: 1_795_252_072 }],
  ])('%s', async (reason, changed) => {
    expect(check({ ...(await request()), ...changed })).toMatchObject({ ok: false, reason })
  })

  test("another certificate's handshake", async () => {
    const other = certificateFingerprint(Buffer.from('another'))
    expect(check(await request(), { fingerprint: other })).toMatchObject({ reason: 'wrong signature' })
  })

  test('a replay until the request is too old, even when it was dated ahead', async () => {
    const nonces = new NonceCache()
    const asked = await createHandshakeRequest({ signer: validator, fingerprint, nonce, now: now + 60_000 })
    expect(check(asked, { nonces })).toMatchObject({ ok: true })
    for (let later = 0; later < 400; later++) {
      const reason = later < 360 ? 'nonce already used' : 'too old'
      expect(check(asked, { nonces, now: now + later * 1000 })).toMatchObject({ ok: false, reason })
    }
  })

  test('upper-case hex is a nonce too', () => {
    const upper = { validatorHotkey: validator.hotkey, timestamp: 1_795_252_073, nonce: 'AB'.repeat(16) }
    const signature = Buffer.alloc(64, 0x80).toString('base64')
    expect(checkHandshakeRequest({ request: { ...upper, signature }, now }).ok).toBe(true)
  })

  test('a wrong signature does not use up the nonce', async () => {
    const nonces = new NonceCache()
    const asked = await request()
    const forged = { ...asked, signature: Buffer.from(await miner.sign(Buffer.from('x'))).toString('base64') }
    expect(check(forged, { nonces })).toMatchObject({ reason: 'wrong signature' })
    expect(nonces.size).toBe(0)
    expect(check(asked, { nonces })).toMatchObject({ ok: true })
  })
})

describe('the client refuses', () => {
  async function answered(
    change: { [field: string]: unknown } = {},
    options: { signer?: typeof miner; wantedHotkey?: string; fingerprint?: string } = {},
  ) {
    const asked = await request()
    const signer = options.signer ?? miner
    const response = await acceptHandshake({ signer, request: asked, fingerprint, now })
    return () =>
      checkHandshakeResponse({
        response: { ...response, ...change },
        request: asked,
        wantedHotkey: options.wantedHotkey ?? miner.hotkey,
        fingerprint: options.fingerprint ?? fingerprint,
        now,
      })
  }
  const other = seedSigner(Buffer.alloc(32, 3))
  const code = (code: string) => expect.objectContaining({ name: 'LevinError', code })

  test.each<[string, string, { [field: string]: unknown }]>([
    ['a refusal', 'HANDSHAKE_REFUSED', { accepted: false }],
    ['another hotkey', 'WRONG_PEER', { minerHotkey: other.hotkey }],
    ['no fingerprint', 'PROTOCOL', { certFingerprint: null }],
    ['another fingerprint', 'WRONG_PEER', { certFingerprint: certificateFingerprint(Buffer.alloc(1)) }],
    ['no signature', 'PROTOCOL', { signature: '' }],
    ['a wrong signature', 'WRONG_PEER', { signature: Buffer.alloc(64, 0x80).toString('base64') }],
    ['another timestamp', 'WRONG_PEER', { timestamp: 5 }],
  ])('%s', async (_, expected, change) => expect(await answered(change)).toThrow(code(expected)))

  test('another miner that says it is the wanted one', async () => {
    expect(await answered({ minerHotkey: miner.hotkey }, { signer: other })).toThrow(code('WRONG_PEER'))
  })

  test('a proof for another certificate, as a man in the middle would relay it', async () => {
    const own = certificateFingerprint(Buffer.from('of the man in the middle'))
    expect(await answered({}, { fingerprint: own })).toThrow(code('WRONG_PEER'))
    expect(await answered({ certFingerprint: own }, { fingerprint: own })).toThrow(code('WRONG_PEER'))
  })

  test('a wanted hotkey that is none', async () => {
    expect(await answered({}, { wantedHotkey: 'nobody' })).toThrow(code('CONFIG'))
  })
})

test('20,000 hostile requests: refused, nothing thrown', async () => {
  console.info(`LEVIN_SEED=${seed}`)
  const random = seeded(seed)
  const asked = await request()
  const texts = [
    '',
    '\u0000',
    '5',
    asked.validatorHotkey,
    asked.nonce,
    asked.signature,
    '='.repeat(88),
    'é'.repeat(44),
  ]
  const nonces = new NonceCache()
  for (let i = 0; i < 20_000; i++) {
    const hostile = {
      validatorHotkey: random.int(3) ? asked.validatorHotkey : random.pick(texts),
      timestamp: random.pick([0, asked.timestamp + 1, Number.MAX_SAFE_INTEGER]),
      nonce: random.int(3) ? random.bytes(16).toString('hex') : random.pick(texts),
      signature: random.int(3) ? random.bytes(64).toString('base64') : random.pick(texts),
    }
    expect(check(hostile, { nonces }).ok).toBe(false)
  }
  expect(nonces.size).toBe(0)
})
