/** `levin call` against the reference: what a user sees who asks a miner that is not Levin's. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seedSigner } from '../../src/index.js'
import { levin } from '../cli/levin.js'
import { seedOf } from './options.js'
import { available } from './peers/available.js'
import { buildRustPeer, preparePythonPeer } from './peers/build.js'
import { command, killAll, listening, type Program } from './programs.js'

const VALIDATOR = 2
const ADMITS = ['--admit', '02,03']
const miner = seedSigner(seedOf(1)).hotkey

/** With a wallet `w`, whose hotkey `default` is the validator that the miners admit. */
const folder = mkdtempSync(join(tmpdir(), 'levin-call-'))
const hotkeys = join(folder, 'w', 'hotkeys')
mkdirSync(hotkeys, { recursive: true, mode: 0o700 })
const key = {
  secretSeed: `0x${Buffer.from(seedOf(VALIDATOR)).toString('hex')}`,
  ss58Address: seedSigner(seedOf(VALIDATOR)).hotkey,
}
writeFileSync(join(hotkeys, 'default'), JSON.stringify(key), { mode: 0o600 })

const rust = await available(
  'rust',
  async (): Promise<Program> => ({ command: await buildRustPeer(), args: [] }),
)
const python = await available('python', async (): Promise<Program> => {
  const { python, script } = await preparePythonPeer()
  return { command: python, args: [script] }
})

afterAll(() => {
  killAll()
  rmSync(folder, { recursive: true, force: true })
})

const peers = Object.entries({ Rust: rust, Python: python }).flatMap(([name, program]) =>
  program === undefined ? [] : [[name, program] as const],
)

describe.each(peers)('levin call with a %s miner', (_, program) => {
  let port: string

  beforeAll(async () => {
    const started = await listening(command(program, 'miner', ...ADMITS))
    port = started.port
    return started.stop
  })

  const call = async (...args: string[]) => {
    const to = ['--to', `${miner}@127.0.0.1:${port}`]
    const wallet = ['--wallet.path', folder, '--wallet.name', 'w']
    const { code, out, err } = await levin(folder, ['call', ...args, ...to, ...wallet, '--json'])
    const lines = out.split('\n').filter((line) => line !== '')
    return { code, err, said: lines.map((line) => JSON.parse(line) as unknown) }
  }

  test('prints what it answers', async () => {
    const data = { city: 'Oslo', days: [1, 2], image: { $bytes: 'AAEC' } }
    expect(await call('echo', JSON.stringify(data))).toEqual({
      code: 0,
      err: '',
      said: [{ data, latencyMs: expect.any(Number) }],
    })
  })

  test('prints the chunks of a stream', async () => {
    const chunk = (byte: number) => ({ chunk: { $bytes: Buffer.alloc(3, byte).toString('base64') } })
    expect(await call('count', '{"n":2,"size":3}', '--stream')).toEqual({
      code: 0,
      err: '',
      said: [chunk(0), chunk(1)],
    })
  })

  test('ends with 1 and the error that it sends', async () => {
    const error = {
      code: 'PEER_ERROR',
      message: expect.any(String),
      peerMessage: 'request processing failed',
    }
    expect(await call('fail')).toEqual({ code: 1, err: '', said: [{ error }] })
  })
})
