/**
 * The Python and Rust in the docs, against the packages that it is for. The validator of docs/coming-from-btlightning.md
 * asks the page's own miner, which is Levin's, and so does the page's other validator. Only addresses differ.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { walletSigner } from '../../src/index.js'
import { blocksOf, compilePage } from '../support/doc-programs.js'
import { available } from './peers/available.js'
import { prepareBittensorPeer, preparePythonPeer } from './peers/build.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const PATIENCE_MS = 60_000
const pythonOf = (page: string): string =>
  blocksOf(page)
    .filter(({ language }) => language === 'python')
    .map(({ text }) => text)
    .join('\n')

const folders: string[] = []
const started: ChildProcess[] = []
afterAll(async () => {
  for (const child of started) {
    const gone = once(child, 'exit')
    if (child.exitCode === null && child.kill()) await gone
  }
  for (const folder of folders) rmSync(folder, { recursive: true })
})

const python = await available('python', preparePythonPeer)
const bittensor = await available('bittensor', prepareBittensorPeer)

if (python !== undefined) {
  test('coming from btlightning: both validators get the same from the miner', async () => {
    const page = 'docs/coming-from-btlightning.md'
    const { folder, faults } = compilePage(page)
    expect(faults).toEqual([])
    const home = newHome()
    const env = { ...process.env, HOME: home }
    const wallets = join(home, '.bittensor/wallets')
    const [miner, validator] = await Promise.all(
      ['miner1', 'validator'].map((hotkey) => walletSigner({ name: 'alice', hotkey, path: wallets })),
    )
    const port = await listening(elsewhere(folder, 'lightning/miner.js', LISTEN, listenOnLoopback), env)

    const script = join(root, 'test/interop/docs/validator.py')
    const theirs = execFileSync(python.python, [script, validator!.hotkey, miner!.hotkey, port], {
      env,
      input: pythonOf(page),
      encoding: 'utf8',
      timeout: PATIENCE_MS,
    })
    expect(theirs).toMatch(/^\{'n': 1\} [\d.]+\n16\n16\n16\n$/)

    const at = `host: '127.0.0.1', port: ${port}`
    const program = elsewhere(folder, 'lightning/validator.js', "host: '192.0.2.7', port: 8443", at)
    const ours = execFileSync(process.execPath, [program], {
      env: { ...env, MINER: miner!.hotkey },
      encoding: 'utf8',
      timeout: PATIENCE_MS,
    })
    expect(ours).toMatch(/^\{ n: 1 \} [\d.]+\n16\n16\n16\n$/)
  })
}

if (bittensor !== undefined) {
  test("coming from axon: bittensor's axon takes the three functions, and its dendrite the question", () => {
    const script = join(root, 'test/interop/docs/bittensor.py')
    const printed = execFileSync(bittensor.python, [script], {
      input: pythonOf('docs/coming-from-axon.md'),
      encoding: 'utf8',
      timeout: PATIENCE_MS,
    })
    expect(printed.trimEnd().split('\n').at(-1)).toBe('1 answer of Forecast')
  })
}

const LISTEN = 'await miner.listen({ port: 8443 });'
const listenOnLoopback = "console.log((await miner.listen({ host: '127.0.0.1', port: 0 })).port);"

/** A home with the two hotkeys that the page names. */
function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'levin-docs-'))
  folders.push(home)
  const hotkeys = join(home, '.bittensor/wallets/alice/hotkeys')
  mkdirSync(hotkeys, { recursive: true, mode: 0o700 })
  for (const [hotkey, sample] of [
    ['miner1', 'wallet-4.1.1-mnemonic.json'],
    ['validator', 'wallet-4.1.1-seed.json'],
  ] as const) {
    copyFileSync(join(root, 'test/wallet/samples', sample), join(hotkeys, hotkey))
    chmodSync(join(hotkeys, hotkey), 0o600)
  }
  return home
}

/** The compiled program, at another address. @returns its path */
function elsewhere(folder: string, file: string, from: string, to: string): string {
  const path = join(folder, file)
  const text = readFileSync(path, 'utf8')
  expect(text).toContain(from)
  writeFileSync(path, text.replace(from, to))
  return path
}

/** Starts a program, and reads its port from its first line. */
async function listening(program: string, env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  started.push(child)
  for await (const line of createInterface({ input: child.stdout! })) return line
  throw new Error(`${program} ended without a word`)
}
