/** The key of `$NACL`, by Node's own argon2 and by hash-wasm: CI runs this file on Nodes that have either. */
import { spawnSync } from 'node:child_process'
import * as crypto from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { argon2i as hashWasm } from 'hash-wasm'
import { expect, test } from 'vitest'
import { argon2i } from '../../src/wallet/argon2.js'
import { newProject } from '../support/packed.js'

const HAS_ARGON2 = 'argon2' in crypto
const PASSWORD = 'Levin-test-0nly!'
/** What today's two packages write. */
const SAMPLES = { wallet: 'wallet-4.1.1-encrypted.nacl', sdk: 'bittensor-11.3.0-encrypted.nacl' }
const A = '5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV'
const samples = fileURLToPath(new URL('./samples/', import.meta.url))

test.each([
  { passes: 1, memoryKiB: 8, lanes: 1, keyBytes: 32 },
  { passes: 3, memoryKiB: 64, lanes: 1, keyBytes: 16 },
  { passes: 2, memoryKiB: 256, lanes: 4, keyBytes: 64 },
])("this Node's way and hash-wasm give the same key: %j", async (cost) => {
  const [password, salt] = [Buffer.from(PASSWORD), Buffer.from('137183dff15a09bc9c90b5518739e9b1', 'hex')]
  const { keyBytes: hashLength, lanes: parallelism, memoryKiB: memorySize, passes: iterations } = cost
  const same = { password, salt, hashLength, parallelism, memorySize, iterations, outputType: 'hex' as const }
  expect((await argon2i(password, salt, cost)).toString('hex')).toBe(await hashWasm(same))
})

test('more memory than a machine has is an error that says how much it takes', async () => {
  const cost = { passes: 1, memoryKiB: 2 ** 32, lanes: 1, keyBytes: 32 }
  await expect(argon2i(Buffer.from(PASSWORD), Buffer.alloc(16), cost)).rejects.toMatchObject({
    code: 'CONFIG',
    message: expect.stringContaining('argon2, which takes 4194304 MiB of memory: '),
  })
})

test(`without hash-wasm ${HAS_ARGON2 ? 'Node alone reads the files' : 'the error names what to install'}`, () => {
  const project = newProject('hash-wasm')
  try {
    const folder = join(project, 'wallets', 'default', 'hotkeys')
    mkdirSync(folder, { recursive: true })
    for (const [hotkey, sample] of Object.entries(SAMPLES))
      writeFileSync(join(folder, hotkey), readFileSync(`${samples}${sample}`), { mode: 0o600 })
    writeFileSync(join(project, 'password'), PASSWORD, { mode: 0o600 })
    const program = `import { walletSigner } from 'levin'
      for (const hotkey of ['wallet', 'sdk']) {
        const options = { path: 'wallets', hotkey, password: { file: 'password' } }
        const signer = await walletSigner(options).catch((error) => error)
        console.log(signer.hotkey ?? signer.message)
      }`
    const args = ['--input-type=module', '--eval', program]
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: project, encoding: 'utf8' })
    expect(stderr).toBe('')
    if (HAS_ARGON2) expect(stdout).toBe(`${A}\n${A}\n`)
    else {
      expect(stdout).toMatch(
        /^the key file wallets.default.hotkeys.wallet: this Node \(v[\d.]+\) has no argon2, .*: npm install hash-wasm, or take Node 24\.7 or newer\n/,
      )
    }
  } finally {
    rmSync(project, { recursive: true, force: true })
  }
})
