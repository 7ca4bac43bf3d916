/** New key files, read again by what reads btcli's. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { keypairFromPrivateKey } from '../../src/auth/secret-key.js'
import { encodeHotkey } from '../../src/auth/ss58.js'
import { mnemonicSigner, seedSigner, silentLogger, walletSigner } from '../../src/index.js'
import { makeHotkey } from '../../src/wallet/make-hotkey.js'

let path: string

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'levin-made-'))
})

afterEach(() => rmSync(path, { recursive: true, force: true }))

test('a file has the fields that btcli writes, and each of its secrets is of its address', async () => {
  const { file, hotkey } = await makeHotkey({ path, name: 'alice', hotkey: 'h1' })
  expect(file).toBe(join(path, 'alice/hotkeys/h1'))
  const sample = new URL('./samples/bittensor-11.3.0-mnemonic.json', import.meta.url)
  const fields = JSON.parse(readFileSync(file, 'utf8'))
  expect(Object.keys(fields).sort()).toEqual(Object.keys(JSON.parse(readFileSync(sample, 'utf8'))).sort())
  const { publicKey } = keypairFromPrivateKey(Buffer.from(fields.privateKey.slice(2), 'hex'))!
  const addresses = [
    fields.ss58Address,
    mnemonicSigner(fields.secretPhrase).hotkey,
    seedSigner(fields.secretSeed).hotkey,
    encodeHotkey(publicKey),
  ]
  expect(addresses).toEqual([hotkey, hotkey, hotkey, hotkey])
  expect((await walletSigner({ path, name: 'alice', hotkey: 'h1', logger: silentLogger })).hotkey).toBe(
    hotkey,
  )
})

test('nobody else can read it', async () => {
  const { file } = await makeHotkey({ path, name: 'alice', hotkey: 'h1' })
  expect([file, dirname(file)].map((each) => statSync(each).mode & 0o777)).toEqual([0o600, 0o700])
})

test('none is written over, and no two are alike', async () => {
  const { file, hotkey } = await makeHotkey({ path, name: 'alice', hotkey: 'h1' })
  const before = readFileSync(file)
  await expect(makeHotkey({ path, name: 'alice', hotkey: 'h1' })).rejects.toMatchObject({
    code: 'CONFIG',
    message: `there is a key file ${file} already, and none is written over: choose another name`,
  })
  expect(readFileSync(file)).toEqual(before)
  expect((await makeHotkey({ path, name: 'alice', hotkey: 'h2' })).hotkey).not.toBe(hotkey)
})

test('a folder that cannot be made is told of', async () => {
  const file = join(path, 'file')
  writeFileSync(file, '')
  await expect(makeHotkey({ path: file, name: 'alice', hotkey: 'h1' })).rejects.toMatchObject({
    code: 'CONFIG',
    message: `the key file ${file}/alice/hotkeys/h1 cannot be written: ENOTDIR`,
  })
})
