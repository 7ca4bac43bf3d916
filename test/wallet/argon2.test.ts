/** The key of `$NACL`, by Node's own argon2 and by hash-wasm: CI runs this file on Nodes that have either. */
import { argon2i as hashWasm } from 'hash-wasm'
import { expect, test } from 'vitest'
import { argon2i } from '../../src/wallet/argon2.js'

const PASSWORD = 'Levin-test-0nly!'

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
