/** Every form that the ecosystem's tools write gives its address or its refusal. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { keypairSigner } from '../../src/auth/signer.js'
import { verify } from '../../src/auth/sr25519.js'
import { encodeHotkey } from '../../src/auth/ss58.js'
import { keypairIn } from '../../src/wallet/key-file.js'
import { Password } from '../../src/wallet/password.js'

const SAMPLES = fileURLToPath(new URL('./samples/', import.meta.url))
const password = new Password(Buffer.from('Levin-test-0nly!'))
const A = '5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV'
const ALICE = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY'
const ONES = '5CcyqxXnJucaCnQQvvUg5EPzj1uoNAxACZvzArHw5aVDvgNH'

const open = (name: string, given: Password | undefined = password) =>
  keypairIn(name, readFileSync(`${SAMPLES}${name}`), async () => given)

test.each([
  ['wallet-2.1.3-mnemonic.json', A],
  ['wallet-2.1.3-uri.json', ALICE],
  ['wallet-3.0.11-mnemonic.json', A],
  ['wallet-4.1.1-mnemonic.json', A],
  ['wallet-4.1.1-seed.json', '5FReVvrymL1AJu7BKfG58uo5PrasAf9XtAbRKrazN8o7SE3g'],
  ['wallet-4.1.1-seed-garbled.json', ONES],
  ['wallet-4.1.1-uri.json', ALICE],
  ['wallet-4.1.1-encrypted.nacl', A],
  ['wallet-4.1.1-ansible.vault', A],
  ['legacy.fernet', A],
  ['bittensor-11.3.0-mnemonic.json', A],
  ['bittensor-11.3.0-seed.json', ONES],
  ['bittensor-11.3.0-encrypted.nacl', A],
  ['polkadot-js-14.0.3.json', A],
])('%s is the key of %s, and signs', async (name, address) => {
  const keypair = await open(name)
  expect(encodeHotkey(keypair.publicKey)).toBe(address)
  const message = Buffer.from('a message')
  expect(verify(keypair.publicKey, message, await keypairSigner(keypair).sign(message))).toBe(true)
})

test.each([
  ['wallet-4.1.1-mnemonicpub.txt', 'it has no secret: none of secretPhrase, secretSeed, privateKey'],
  ['wallet-4.1.1-coldkeypub.txt', 'it has no secret: none of secretPhrase, secretSeed, privateKey'],
  ['wallet-4.1.1-ed25519.json', 'its cryptoType is 0, which is ed25519'],
])('%s is refused: %s', async (name, text) => {
  await expect(open(name)).rejects.toMatchObject({
    code: 'CONFIG',
    message: expect.stringContaining(`the key file ${name}: ${text}`),
  })
})

test.each([
  ['wallet-4.1.1-encrypted.nacl', '$NACL'],
  ['wallet-4.1.1-ansible.vault', 'Ansible vault'],
  ['legacy.fernet', 'Fernet'],
  ['polkadot-js-14.0.3.json', 'polkadot-js'],
])('%s needs a password, and says so', async (name, form) => {
  await expect(
    keypairIn(name, readFileSync(`${SAMPLES}${name}`), async () => undefined),
  ).rejects.toMatchObject({
    code: 'CONFIG',
    message: expect.stringContaining(`the key file ${name}: it is encrypted (${form}): give its password`),
  })
})

test.each(['wallet-4.1.1-ansible.vault', 'polkadot-js-14.0.3.json'])(
  '%s does not open with another password',
  async (name) => {
    await expect(open(name, new Password(Buffer.from('another')))).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringMatching(/the password is wrong/),
    })
  },
)
