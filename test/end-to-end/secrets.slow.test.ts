/** No secret is in anything that a run prints, whatever goes wrong in it. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { keypairFromSeed } from '../../src/auth/sr25519.js'
import { tracesIn } from '../support/traces.js'

const samples = fileURLToPath(new URL('../wallet/samples/', import.meta.url))
const program = fileURLToPath(new URL('../support/loud-miner.mjs', import.meta.url))
const PASSWORD = 'Levin-test-0nly!'
const WRONG = 'Another-wr0ng-one'
const MNEMONIC = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk'
const sample = JSON.parse(readFileSync(`${samples}wallet-4.1.1-mnemonic.json`, 'utf8')) as Record<
  string,
  string
>
const bytesOf = (hex: string) => Buffer.from(hex.slice(2), 'hex')
const [seed, privateKey] = [bytesOf(sample.secretSeed!), bytesOf(sample.privateKey!)]
const [validatorSeed, otherSeed] = [randomBytes(32), randomBytes(32)]

const SECRETS = {
  password: PASSWORD,
  'wrong password': WRONG,
  mnemonic: MNEMONIC,
  seed,
  'private key': privateKey,
  'private key, as ed25519 has it': keypairFromSeed(seed).secretKey,
  "the validator's seed": validatorSeed,
  "the validator's private key": keypairFromSeed(validatorSeed).secretKey,
  "the other's seed": otherSeed,
  "the other's private key": keypairFromSeed(otherSeed).secretKey,
}

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'levin-loud-'))
  const hotkeys = join(folder, 'wallets', 'alice', 'hotkeys')
  mkdirSync(hotkeys, { recursive: true })
  const put = (name: string, text: string | Buffer, mode = 0o600) => writeFileSync(name, text, { mode })
  put(join(folder, 'password'), PASSWORD, 0o644)
  put(join(folder, 'wrong'), WRONG)
  copyFileSync(`${samples}wallet-4.1.1-mnemonic.json`, join(folder, 'wallets', 'alice', 'coldkey'))
  put(join(hotkeys, 'locked'), readFileSync(`${samples}wallet-4.1.1-ansible.vault`), 0o644)
  put(join(hotkeys, 'polkadot'), readFileSync(`${samples}polkadot-js-14.0.3.json`))
  put(join(hotkeys, 'validator'), JSON.stringify({ secretSeed: hex(validatorSeed) }))
  put(join(hotkeys, 'broken'), JSON.stringify(sample).slice(0, -1))
  put(
    join(hotkeys, 'mixed'),
    JSON.stringify({ ...sample, privateKey: undefined, secretPhrase: undefined, secretSeed: hex(otherSeed) }),
  )
  put(join(hotkeys, 'bare'), MNEMONIC)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const hex = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString('hex')}`

test.each([
  ['hex', hex(seed)],
  ['capitals', hex(seed).toUpperCase()],
  ['base64', seed.toString('base64')],
  ['base64 of more', Buffer.concat([Buffer.from('ab'), seed]).toString('base64url')],
  ['numbers', inspect([...seed])],
  ['a Buffer', inspect(seed)],
  [
    'an Uint8Array in JSON',
    JSON.stringify({ seed: new Uint8Array(seed).subarray(20) }, (_, v) => (v?.buffer ? [...v] : v)),
  ],
  ['a piece', seed.subarray(3, 12).toString('hex')],
])('the search finds a seed as %s', (_how, text) => {
  expect(tracesIn(`a line ${text} and more`, SECRETS)).toEqual(['seed'])
})

test.each([
  ['words', '"basket hold race lonely"', ['mnemonic']],
  ['words as bytes', inspect(Buffer.from(MNEMONIC)), ['mnemonic']],
  ['a password', `password=${PASSWORD}`, ['password']],
  ['a password as bytes', inspect(Buffer.from(PASSWORD)), ['password']],
  ['none of them', 'hold the line, smoke in the basket', []],
])('the search finds %s', (_how, text, found) => {
  expect(tracesIn(text, SECRETS)).toEqual(found)
})

test('a run in which much goes wrong, at the most verbose level', async () => {
  const env = {
    ...process.env,
    OTHER_SECRET: hex(otherSeed),
    BAD_MNEMONIC: MNEMONIC.replace('walk', 'wall'),
    BAD_SEED: `${hex(seed)}00`,
    GIVEN_MNEMONIC: MNEMONIC,
    GIVEN_SEED: hex(otherSeed),
  }
  const child = spawn(process.execPath, [program, folder], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (printed += text))
  const [code] = (await once(child, 'close')) as [number]

  // It did what it should, and ended as it should: of an error that nobody caught.
  for (const words of [
    'others can read',
    'the coldkey',
    '"level":20',
    ' debug ',
    'validator connected',
    'refused a handshake',
    'refused to sign',
    'the signer failed, so nobody can connect',
    'the signer signs again',
    'the password is wrong, or the file is damaged',
    '── a signer that is none',
    "── other's stats",
  ])
    expect(printed).toContain(words)
  expect(code).toBe(1)
  expect(printed.trimEnd()).toMatch(/code: 'CONFIG'\n}\n\nNode\.js v[\d.]+$/)

  expect(tracesIn(printed, SECRETS)).toEqual([])
})
