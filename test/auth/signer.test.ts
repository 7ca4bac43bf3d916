import { expect, test } from 'vitest'
import { callbackSigner, seedSigner } from '../../src/auth/signer.js'
import { verify } from '../../src/auth/sr25519.js'
import { decodeHotkey } from '../../src/auth/ss58.js'

const hotkey1 = '5CcyqxXnJucaCnQQvvUg5EPzj1uoNAxACZvzArHw5aVDvgNH'
const hotkey2 = '5CfCr47V5Dte6bwxNBE8K9oNnQd9fiay6aDEEkgYtFv7w4Fq'
const message = Buffer.from('a message')
const config = (text: string) =>
  expect.objectContaining({ name: 'LevinError', code: 'CONFIG', message: expect.stringContaining(text) })

test('the hotkeys that the protocol page names', () => {
  expect(seedSigner(Buffer.alloc(32, 1)).hotkey).toBe(hotkey1)
  expect(seedSigner(`0x${'02'.repeat(32)}`).hotkey).toBe(hotkey2)
})

test('it signs', async () => {
  const signer = seedSigner(Buffer.alloc(32, 1))
  expect(verify(decodeHotkey(hotkey1), message, await signer.sign(message))).toBe(true)
})

test.each(['', '0x', '02'.repeat(32), `0x${'zz'.repeat(32)}`, `0x${'02'.repeat(31)}`])(
  'a seed that is none is refused and not shown: %s',
  (seed) => {
    expect(() => seedSigner(seed)).toThrow(config('32 bytes'))
    expect(() => seedSigner(Buffer.from(seed))).toThrow(config('32 bytes'))
    expect(() => seedSigner(`${seed}4242`)).toThrow(
      expect.not.objectContaining({ message: expect.stringMatching(/4242/) }),
    )
  },
)

test('inspecting a signer shows no secret', () => {
  const seed = Buffer.alloc(32, 1)
  expect(Object.keys(seedSigner(seed))).toEqual(['hotkey', 'sign', 'secretFor'])
  const signer = seedSigner(seed)
  seed.fill(9)
  expect(signer.hotkey).toBe(hotkey1)
})

test('a callback that signs, at once or later', async () => {
  const inner = seedSigner(Buffer.alloc(32, 1))
  for (const sign of [inner.sign, async (bytes: Uint8Array) => inner.sign(bytes)]) {
    const signature = await callbackSigner(hotkey1, sign).sign(message)
    expect(verify(decodeHotkey(hotkey1), message, signature)).toBe(true)
  }
})

test('a callback that does something else', async () => {
  const other = seedSigner(Buffer.alloc(32, 2))
  const cause = new Error('the HSM is gone')
  await expect(callbackSigner(hotkey1, other.sign).sign(message)).rejects.toEqual(config("not this hotkey's"))
  await expect(callbackSigner(hotkey1, () => new Uint8Array(63)).sign(message)).rejects.toEqual(
    config('64 bytes'),
  )
  await expect(callbackSigner(hotkey1, () => 'signed' as never).sign(message)).rejects.toEqual(
    config('64 bytes'),
  )
  const failing = callbackSigner(hotkey1, () => {
    throw cause
  })
  await expect(failing.sign(message)).rejects.toMatchObject({ code: 'CONFIG', cause })
  expect(() => callbackSigner('nobody', other.sign)).toThrow(config('nobody'))
})

test('a secret for each purpose, always the same, and another for each seed', () => {
  const secret = (seed: number, purpose: string) =>
    Buffer.from(seedSigner(Buffer.alloc(32, seed)).secretFor!(purpose)).toString('hex')
  const secrets = [secret(1, 'a'), secret(1, 'b'), secret(2, 'a')]
  expect(new Set(secrets).size).toBe(3)
  expect(secret(1, 'a')).toBe(secrets[0])
  expect(secrets[0]).toHaveLength(64)
})
