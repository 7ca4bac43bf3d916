/** A miner whose key is in `levin-signer`, which is killed and started again while calls run. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Miner, open, socketSigner, synapse, Validator } from '../../src/index.js'
import { RecordingLogger } from '../../src/testing/recording-logger.js'
import { minerSigner, signerOf } from '../support/hotkeys.js'

const program = fileURLToPath(new URL('../../dist/signer/main.js', import.meta.url))
const Echo = synapse('echo', {})
const IN_FLIGHT = 8
let folder: string
let path: string
let signer: ChildProcess | undefined

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'levin-signer-'))
  path = join(folder, 'signer.sock')
})

afterAll(() => {
  signer?.kill()
  rmSync(folder, { recursive: true, force: true })
})

async function startSigner(): Promise<void> {
  signer = spawn(process.execPath, [program, '--socket', path, '--secret-env', 'SIGNER_SEED'], {
    env: { ...process.env, SIGNER_SEED: `0x${'01'.repeat(32)}` },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  await once(signer.stdout!, 'data')
}

test('handshakes fail and come back by themselves, and calls on open connections go on', async () => {
  await startSigner()
  expect(statSync(path).mode & 0o777).toBe(0o600)
  const logger = new RecordingLogger()
  const miner = new Miner({ signer: await socketSigner(path), access: open(), logger }).synapse(
    Echo,
    (data) => data,
  )
  const { port } = await miner.listen({ host: '127.0.0.1', port: 0 })
  const axon = { hotkey: minerSigner.hotkey, host: '127.0.0.1', port }
  const [inside, outside] = [
    new Validator({ signer: signerOf(2), logger }),
    new Validator({ signer: signerOf(3), logger }),
  ]
  try {
    const connection = await inside.connect(axon)
    let isOver = false
    let answered = 0
    const ask = async (): Promise<void> => {
      while (!isOver) {
        await connection.query(Echo, { n: answered })
        answered++
      }
    }
    const load = Promise.all(Array.from({ length: IN_FLIGHT }, ask))

    const gone = once(signer!, 'exit')
    signer!.kill('SIGKILL')
    await gone
    const before = answered
    await expect(outside.connect(axon)).rejects.toMatchObject({ code: 'HANDSHAKE_REFUSED' })
    await expect(outside.connect(axon)).rejects.toMatchObject({ code: 'HANDSHAKE_REFUSED' })
    // What happened, where, and what to do; once, and without a stack.
    expect(logger.at('error')).toEqual([
      {
        level: 'error',
        message: expect.stringMatching(
          `^the signer failed, so nobody can connect: the signer at ${path} did not sign: .* levin-signer`,
        ),
        fields: {},
      },
    ])
    expect(answered).toBeGreaterThan(before)

    await startSigner() // at the path where the killed one left its socket
    expect((await (await outside.connect(axon)).query(Echo, { n: 1 })).data).toEqual({ n: 1 })
    expect(logger.lines.filter(({ message }) => message === 'the signer signs again')).toHaveLength(1)
    isOver = true
    await load
  } finally {
    inside.close()
    outside.close()
    await miner.close()
  }
})

test('an argument that it does not know is not shown: it may be a secret', async () => {
  const child = spawn(process.execPath, [program, '--socket', path, '--password', 'Levin-test-0nly!'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let printed = ''
  for await (const chunk of child.stderr!) printed += chunk
  expect(printed).toContain('an argument that it does not know')
  expect(printed).not.toContain('0nly')
})
