/** Encrypted files in the project of a user without hash-wasm: CI runs this file on Nodes with and without an argon2. */
import { spawnSync } from 'node:child_process'
import * as crypto from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { newProject } from '../support/packed.js'

const HAS_ARGON2 = 'argon2' in crypto
const PASSWORD = 'Levin-test-0nly!'
/** What today's two packages write. */
const SAMPLES = { wallet: 'wallet-4.1.1-encrypted.nacl', sdk: 'bittensor-11.3.0-encrypted.nacl' }
const A = '5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV'
const samples = fileURLToPath(new URL('./samples/', import.meta.url))

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
