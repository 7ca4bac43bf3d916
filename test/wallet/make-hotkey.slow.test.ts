/** An encrypted key file: its key takes seconds. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { encodeHotkey } from '../../src/auth/ss58.js'
import { keypairIn } from '../../src/wallet/key-file.js'
import { makeHotkey } from '../../src/wallet/make-hotkey.js'
import { Password } from '../../src/wallet/password.js'

test('with a password it is encrypted, and nothing of the key is in the file', async () => {
  const path = mkdtempSync(join(tmpdir(), 'levin-made-'))
  const password = new Password(Buffer.from('Levin-test-0nly!'))
  try {
    const { file, hotkey } = await makeHotkey({ path, name: 'alice', hotkey: 'locked' }, password)
    const bytes = readFileSync(file)
    expect(bytes.subarray(0, 5).toString()).toBe('$NACL')
    expect(bytes.includes(hotkey)).toBe(false)
    const { publicKey } = await keypairIn(file, bytes, async () => password)
    expect(encodeHotkey(publicKey)).toBe(hotkey)
  } finally {
    await password.wipe()
    rmSync(path, { recursive: true, force: true })
  }
})
