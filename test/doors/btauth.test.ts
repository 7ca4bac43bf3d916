import { generateKeyPairSync, sign as signWith } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { seedSigner } from '../../src/auth/signer.js'
import { encodeHotkey } from '../../src/auth/ss58.js'
import {
  type BtauthClaims,
  type BtauthRequest,
  btauthObjection,
  isBtauth,
  readBtauth,
  signBtauth,
  verifyBtauth,
} from '../../src/doors/btauth.js'

const golden = JSON.parse(readFileSync(new URL('../vectors/btauth-1.json', import.meta.url), 'utf8')) as {
  method: string
  path: string
  body: string
  payload_sr25519: string
  signature_ed25519_of_the_ed25519_payload: string
  hotkey_ed25519: string
}
// the file has it as a number that JavaScript would round
const NONCE = 1_752_076_800_000_000_000n
const [, , , , , , , BOB = ''] = golden.payload_sr25519.split('\n')
const request: BtauthRequest = {
  method: golden.method,
  target: golden.path,
  body: Buffer.from(golden.body),
}
const signer = seedSigner(Buffer.alloc(32, 2))

const distinct = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value]]))

async function signed(over: Partial<BtauthRequest> = {}) {
  return distinct(await signBtauth(signer, { ...request, receiver: BOB, nowNs: NONCE, ...over }))
}

/** What a signer of this hotkey is given to sign. */
async function signedTextOf(hotkey: string): Promise<string> {
  let text = ''
  const sign = (message: Uint8Array) => {
    text = Buffer.from(message).toString()
    return new Uint8Array(64)
  }
  await signBtauth({ hotkey, sign }, { ...request, receiver: BOB, nowNs: NONCE })
  return text
}

function claimsOf(headers: Record<string, string[]>): BtauthClaims {
  const claims = readBtauth(headers)
  if ('objection' in claims) throw new Error(claims.objection)
  return claims
}

describe('golden vectors of bittensor 11.3.0', () => {
  test('the eight lines', async () => {
    const alice = golden.payload_sr25519.split('\n')[6]!
    const text = await signedTextOf(alice)
    expect(text).toBe(golden.payload_sr25519)
  })

  test('a request that ed25519 signed', () => {
    const headers = distinct({
      'X-Bittensor-Version': '1',
      'X-Bittensor-Hotkey': golden.hotkey_ed25519,
      'X-Bittensor-Receiver': BOB,
      'X-Bittensor-Nonce': `${NONCE}`,
      'X-Bittensor-Crypto': 'ed25519',
      'X-Bittensor-Signature': golden.signature_ed25519_of_the_ed25519_payload,
    })
    const claims = claimsOf(headers)
    expect(verifyBtauth(claims, request)).toBe(true)
    expect(verifyBtauth({ ...claims, scheme: 'sr25519' }, request)).toBe(false)
    expect(verifyBtauth(claims, { ...request, body: Buffer.from('{}') })).toBe(false)
  })
})

test('what we sign, we take', async () => {
  const headers = await signed()
  expect(isBtauth(headers)).toBe(true)
  const claims = claimsOf(headers)
  expect(claims).toMatchObject({ hotkey: signer.hotkey, receiver: BOB, nonce: NONCE, scheme: 'sr25519' })
  expect(btauthObjection(claims, BOB, NONCE)).toBeUndefined()
  expect(verifyBtauth(claims, request)).toBe(true)
})

test.each<[string, Partial<BtauthRequest>]>([
  ['method', { method: 'PUT' }],
  ['target', { target: '/generate?stream=true' }],
  ['body', { body: Buffer.from('{"prompt": "hallo"}') }],
])('another %s is not what was signed', async (_, over) => {
  expect(verifyBtauth(claimsOf(await signed()), { ...request, ...over })).toBe(false)
})

test('nor is another nonce, hotkey, receiver or scheme', async () => {
  const claims = claimsOf(await signed())
  const other = seedSigner(Buffer.alloc(32, 3)).hotkey
  expect(verifyBtauth({ ...claims, nonce: NONCE + 1n }, request)).toBe(false)
  expect(verifyBtauth({ ...claims, receiver: other }, request)).toBe(false)
  expect(verifyBtauth({ ...claims, receiver: undefined }, request)).toBe(false)
  expect(verifyBtauth({ ...claims, hotkey: other }, request)).toBe(false)
  expect(verifyBtauth({ ...claims, scheme: 'ed25519' }, request)).toBe(false)
})

describe('shape', () => {
  test.each<[string, string[] | undefined]>([
    ['x-bittensor-version', undefined],
    ['x-bittensor-version', ['2']],
    ['x-bittensor-version', ['1', '1']],
    ['x-bittensor-hotkey', undefined],
    ['x-bittensor-hotkey', ['5Alice']],
    ['x-bittensor-hotkey', [signer.hotkey, signer.hotkey]],
    ['x-bittensor-receiver', [BOB, BOB]],
    ['x-bittensor-nonce', undefined],
    ...['', '-1', '+1', '01', '1e18', ' 1', '1_0', '1'.repeat(21), 'NaN'].map((text): [string, string[]] => [
      'x-bittensor-nonce',
      [text],
    ]),
    ['x-bittensor-signature', undefined],
    ...['', '0x', `0x${'1'.repeat(127)}`, `0x${'1'.repeat(129)}`, `0x${'g'.repeat(128)}`].map(
      (text): [string, string[]] => ['x-bittensor-signature', [text]],
    ),
    ...['', 'SR25519', 'ecdsa', 'ed25519, sr25519'].map((text): [string, string[]] => [
      'x-bittensor-crypto',
      [text],
    ]),
    ['x-bittensor-crypto', ['sr25519', 'ed25519']],
  ])('%s: %j', async (name, values) => {
    const read = readBtauth({ ...(await signed()), [name]: values })
    expect(read).toEqual({ objection: expect.stringContaining(name) })
    for (const value of values ?? []) {
      if (value.length > 7) expect(JSON.stringify(read)).not.toContain(value)
    }
  })

  test('a signature may do without 0x', async () => {
    const headers = await signed()
    const [text = ''] = headers['x-bittensor-signature'] ?? []
    expect(verifyBtauth(claimsOf({ ...headers, 'x-bittensor-signature': [text.slice(2)] }), request)).toBe(
      true,
    )
  })
})

describe('receiver and freshness', () => {
  const SECOND = 1_000_000_000n

  test('it is for this hotkey', async () => {
    const claims = claimsOf(await signed())
    expect(btauthObjection(claims, signer.hotkey, NONCE)).toContain('another hotkey')
    expect(btauthObjection({ ...claims, receiver: undefined }, BOB, NONCE)).toContain('missing')
  })

  test('it is at most 10 s old and 2 s ahead', async () => {
    const claims = claimsOf(await signed())
    expect(btauthObjection(claims, BOB, NONCE + 10n * SECOND)).toBeUndefined()
    expect(btauthObjection(claims, BOB, NONCE + 10n * SECOND + 1n)).toContain('10 s old')
    expect(btauthObjection(claims, BOB, NONCE - 2n * SECOND)).toBeUndefined()
    expect(btauthObjection(claims, BOB, NONCE - 2n * SECOND - 1n)).toContain('2 s ahead')
  })
})

test('a key of ed25519 that Node made', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  const hotkey = encodeHotkey(raw)
  const text = (await signedTextOf(hotkey)).replace('sr25519', 'ed25519')
  const signature = signWith(null, Buffer.from(text), privateKey)
  const claims = {
    hotkey,
    publicKey: raw,
    receiver: BOB,
    nonce: NONCE,
    scheme: 'ed25519',
    signature,
  } as const
  expect(verifyBtauth(claims, request)).toBe(true)
  signature[3]! ^= 1
  expect(verifyBtauth(claims, request)).toBe(false)
})
