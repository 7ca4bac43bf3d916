/** A file that is broken at any place gives its own address still, or an error that names it and shows nothing of it. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { encodeHotkey } from '../../src/auth/ss58.js'
import { LevinError } from '../../src/errors.js'
import { keypairIn } from '../../src/wallet/key-file.js'
import { Password } from '../../src/wallet/password.js'

const seed = Number(process.env.LEVIN_SEED ?? Math.floor(Math.random() * 2 ** 31))
const PLACES = 200
const A = '5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV'
const ALICE = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY'
const sample = (name: string) => readFileSync(fileURLToPath(new URL(`./samples/${name}`, import.meta.url)))

/** Any four bytes in a row of what is secret, in the ways in which they could be written. */
const SECRETS = [
  'Levin-test-0nly',
  'obey lake',
  'fac7959dbfe7',
  '05d65584630d',
  'fd190cce74df',
  '33a6f3093f15',
  '925a225d97aa',
]

// One password for all, so that what takes seconds is done once: no place in a file changes the keys of $NACL and Fernet.
const password = new Password(Buffer.from('Levin-test-0nly!'))

beforeAll(() => console.info(`LEVIN_SEED=${seed}`))

test.each([
  ['wallet-4.1.1-mnemonic.json', A],
  ['wallet-4.1.1-uri.json', ALICE],
  ['wallet-2.1.3-mnemonic.json', A],
  ['wallet-4.1.1-encrypted.nacl', A],
  ['wallet-4.1.1-ansible.vault', A],
  ['legacy.fernet', A],
  ['polkadot-js-14.0.3.json', A],
])('%s', { timeout: 300_000 }, async (name, address) => {
  const whole = sample(name)
  let refused = 0
  const breaks = fc.record({
    at: fc.nat(whole.length - 1),
    to: fc.integer({ min: 1, max: 255 }),
    cut: fc.boolean(),
  })
  const property = fc.asyncProperty(breaks, async ({ at, to, cut }) => {
    const bytes = cut && to % 8 === 0 ? Buffer.from(whole.subarray(0, at)) : Buffer.from(whole)
    if (at < bytes.length) bytes[at]! ^= to
    try {
      const { publicKey } = await keypairIn(`/wallets/${name}`, bytes, async () => password)
      expect(encodeHotkey(publicKey)).toBe(address)
    } catch (error) {
      if (!(error instanceof LevinError)) throw error
      refused++
      expect(error.code).toBe('CONFIG')
      expect(error.message).toContain(`the key file /wallets/${name}: `)
      expect(error.cause).toBeUndefined()
      const shown = inspect(error, { depth: 9, showHidden: true })
      for (const secret of SECRETS) expect(shown).not.toContain(secret)
    }
    expect(bytes.every((byte) => byte === 0)).toBe(true) // wiped, either way
  })
  await fc.assert(property, { seed, numRuns: PLACES })
  expect(refused).toBeGreaterThan(PLACES / 8)
})

test.each([0, 10, 44, 60, 68, 80, 90])('a polkadot-js key of which %d bytes are left', async (bytes) => {
  const whole = JSON.parse(sample('polkadot-js-14.0.3.json').toString())
  const encoded = Buffer.from(whole.encoded, 'base64').subarray(0, bytes).toString('base64')
  const file = Buffer.from(JSON.stringify({ ...whole, encoded }))
  await expect(keypairIn('/wallets/short.json', file, async () => password)).rejects.toMatchObject({
    code: 'CONFIG',
    message: expect.stringContaining('the password is wrong, or its field encoded is damaged'),
  })
})
