/** Hotkeys that Python's packages write are read, ours are read by them, and signatures are verified both ways. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { verify } from '../../src/auth/sr25519.js'
import { decodeHotkey } from '../../src/auth/ss58.js'
import { silentLogger, walletSigner } from '../../src/index.js'
import { makeHotkey } from '../../src/wallet/make-hotkey.js'
import { Password } from '../../src/wallet/password.js'
import { missingTools, prepareWalletPeers } from './peers/build.js'

const PASSWORD = 'Levin-test-0nly!'
const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'levin-wallets-'))

interface Written {
  readonly name: string
  readonly address: string
  readonly signature: string
}

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const missing = missingTools('wallet')
if (missing.length > 0 && process.env.CI) throw new Error(`the wallets need ${missing.join(', ')}`)
if (missing.length > 0) {
  describe.skip(`Python's wallets, skipped because this machine has no ${missing.join(', ')}`, () =>
    test('are read'))
} else {
  const password = new Password(Buffer.from(PASSWORD))
  const place = { path: join(folder, 'ours'), name: 'default' }
  const ours = [
    await makeHotkey({ ...place, hotkey: 'plain' }),
    await makeHotkey({ ...place, hotkey: 'encrypted' }, password),
  ]
  await password.wipe()
  for (const [module, { python, script }] of Object.entries(await prepareWalletPeers())) {
    // Without READ_ONLY, bittensor makes folders in the home of whoever imports it.
    const env = { ...process.env, READ_ONLY: '1' }
    const peer = async (...args: string[]) => (await run(python, [script, module, ...args], { env })).stdout
    const path = join(folder, module)
    const lines = (await peer('write', path, PASSWORD)).split('\n').filter((line) => line.startsWith('case '))
    const written = lines.map((line) => JSON.parse(line.slice('case '.length)) as Written)

    describe(module, () => {
      test('wrote from words, from a seed, and encrypted', () => {
        expect(written.map(({ name }) => name)).toEqual(['words', 'seed', 'locked'])
      })

      test.each(ours)('reads the hotkey $hotkey, which we made', async ({ file, hotkey }) => {
        expect(await peer('read', join(folder, 'ours'), basename(file), PASSWORD)).toContain(
          `address ${hotkey}`,
        )
      })

      test.each(written)(
        '$name is read, and signatures are verified both ways',
        async ({ name, address, signature }) => {
          const options = { path, hotkey: name, password: () => PASSWORD, logger: silentLogger }
          const signer = await walletSigner(options)
          expect(signer.hotkey).toBe(address)
          expect(verify(decodeHotkey(address), Buffer.from(name), Buffer.from(signature, 'hex'))).toBe(true)
          const ours = Buffer.from(await signer.sign(Buffer.from('of ours'))).toString('hex')
          expect((await peer('verify', address, 'of ours', ours)).trim()).toBe('true')
          expect((await peer('verify', address, 'of others', ours)).trim()).toBe('false')
        },
      )
    })
  }
}
