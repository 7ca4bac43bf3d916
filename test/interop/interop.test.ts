/**
 * Levin against the reference, live: each of the Rust and the Python peer as client of a Levin miner and as server
 * under a Levin validator. The programs run here, while the tests are collected; each case that one reports is a test.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { available } from './peers/available.js'
import { buildRustPeer, preparePythonPeer } from './peers/build.js'
import { command, killAll, listening, type Program, running, start } from './programs.js'

interface Case {
  readonly case: string
  readonly ok: boolean
  readonly detail?: string
}

/** A handler's time in the miners, so that running out of it takes seconds; the default is half a minute. */
const HANDLER_TIMEOUT = ['--handler-timeout', '2']
/** All of them thrice would be more handshakes than an address has in a minute. */
const ONE_CASE = ['--cases', 'reconnect-after-close']
const CASES_TIMEOUT_MS = 300_000
/** Streams that a validator leaves in the middle of the answer. quiche has had enough of them some time: docs/engine.md. */
const GIVE_UP = ['--give-up', process.env.LEVIN_ENGINE === 'quiche' ? '100' : '10000']

const built = (file: string): string =>
  fileURLToPath(new URL(`../../build/test/interop/${file}`, import.meta.url))
const levinMiner: Program = { command: process.execPath, args: [built('levin-miner.js'), ...HANDLER_TIMEOUT] }
const levinSigner = fileURLToPath(new URL('../../dist/signer/main.js', import.meta.url))
const levinValidator: Program = { command: process.execPath, args: [built('levin-validator.js')] }
/** Runs a client to its end; every line of JSON that it prints is a case. */
async function cases(program: Program, ...more: string[]): Promise<Case[]> {
  const child = start(program, ...more)
  const exited = once(child, 'exit')
  const late = setTimeout(() => child.kill(), CASES_TIMEOUT_MS)
  const found: Case[] = []
  for await (const line of createInterface({ input: child.stdout! })) found.push(JSON.parse(line) as Case)
  const [code] = (await exited) as [number | null]
  clearTimeout(late)
  found.push({
    case: 'runs to its end',
    ok: code === 0 || found.some(({ ok }) => !ok),
    detail: `exit code ${code}`,
  })
  return found
}

async function against(miner: Program, client: Program, ...more: string[]): Promise<Case[]> {
  const { port, stop } = await listening(miner)
  try {
    return await cases(client, '--port', port, ...more)
  } finally {
    await stop()
  }
}

/** The Rust client's cases before and after the signer is killed, and its refusal in between. */
async function behindSigner(rust: Program): Promise<Case[]> {
  const socket = join(mkdtempSync(join(tmpdir(), 'levin-signer-')), 'signer.sock')
  const startSigner = async (): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [levinSigner, '--socket', socket, '--secret-env', 'SIGNER_SEED'], {
      env: { ...process.env, SIGNER_SEED: `0x${'01'.repeat(32)}` },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    running.add(child)
    child.once('exit', () => running.delete(child))
    await once(child.stdout!, 'data')
    return child
  }
  const client = command(rust, 'validator')
  const signer = await startSigner()
  const { port, stop } = await listening({ ...levinMiner, args: [...levinMiner.args, '--signer', socket] })
  try {
    const before = await cases(client, '--port', port, timeouts, ...GIVE_UP)
    const gone = once(signer, 'exit')
    signer.kill('SIGKILL')
    await gone
    const without = await cases(client, '--port', port, ...ONE_CASE)
    const refused = {
      case: 'is refused while the signer is away',
      ok: without.some(({ ok }) => !ok) || without.at(-1)?.detail !== 'exit code 0',
    }
    const again = await startSigner()
    const after = await cases(client, '--port', port, ...ONE_CASE)
    again.kill()
    return [
      ...before,
      refused,
      ...after.map((each) => ({ ...each, case: `${each.case}, after the signer came back` })),
    ]
  } finally {
    await stop()
  }
}

function report(name: string, found: readonly Case[], atLeast: number): void {
  describe(name, () => {
    test(`tries at least ${atLeast} cases`, () => expect(found.length).toBeGreaterThanOrEqual(atLeast))
    for (const { case: title, ok, detail } of found) test(title, () => expect(ok, detail).toBe(true))
  })
}

const rust = await available(
  'rust',
  async (): Promise<Program> => ({ command: await buildRustPeer(), args: [] }),
)
const python = await available('python', async (): Promise<Program> => {
  const { python, script } = await preparePythonPeer()
  return { command: python, args: [script] }
})
const timeouts = '--expect-timeout'
const admits = [...HANDLER_TIMEOUT, '--admit', '02,03']

report(
  'a Levin validator with a Levin miner',
  await against(levinMiner, levinValidator, timeouts, '--expect-refusal'),
  30,
)
if (rust !== undefined) {
  report(
    'a Rust client with a Levin miner',
    await against(levinMiner, command(rust, 'validator'), timeouts, ...GIVE_UP),
    46,
  )
  report('a Rust client with a Levin miner whose key is in levin-signer', await behindSigner(rust), 48)
  report(
    'hand-made handshakes and frames with a Levin miner',
    await against(levinMiner, command(rust, 'refusals')),
    30,
  )
  report(
    'a Levin validator with a Rust miner',
    await against(command(rust, 'miner', ...admits), levinValidator, timeouts, '--expect-refusal'),
    30,
  )
  report(
    'a Levin validator with who has another key than the certificate',
    await against(command(rust, 'imposter'), levinValidator, '--imposter'),
    1,
  )
}
if (python !== undefined) {
  report(
    'a Python client with a Levin miner',
    await against(levinMiner, command(python, 'validator'), timeouts, ...GIVE_UP),
    45,
  )
  report(
    'a Levin validator with a Python miner',
    await against(command(python, 'miner', ...admits), levinValidator, timeouts, '--expect-refusal'),
    30,
  )
}

afterAll(killAll)
