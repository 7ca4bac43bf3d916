/** docs/wallet.md as a new user meets it: its commands and programs, in a project that has the packed package. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { silentLogger, synapse, Validator } from '../src/index.js'
import { compilePage } from './support/doc-programs.js'
import { validatorSigner } from './support/hotkeys.js'
import { newProject } from './support/packed.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const samples = join(root, 'test/wallet/samples')
const MINER1 = '5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV'
const MINER2 = '5FReVvrymL1AJu7BKfG58uo5PrasAf9XtAbRKrazN8o7SE3g'
const Echo = synapse('echo', {})
const started: ChildProcess[] = []
let project: string
/** A home with `~/.bittensor/wallets`, and a short path, since there is a socket in it. */
let home: string
let page: ReturnType<typeof compilePage>

beforeAll(() => {
  page = compilePage('docs/wallet.md')
  project = newProject()
  cpSync(page.folder, project, { recursive: true })
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
  // as npm does it
  const program = join(project, 'node_modules/levin/dist/signer/main.js')
  chmodSync(program, 0o755)
  mkdirSync(join(project, 'node_modules/.bin'))
  symlinkSync(program, join(project, 'node_modules/.bin/levin-signer'))

  home = mkdtempSync(join(tmpdir(), 'levin-home-'))
  for (const [wallet, hotkey, sample] of [
    ['alice', 'miner1', 'wallet-4.1.1-mnemonic.json'],
    ['alice', 'miner2', 'wallet-4.1.1-seed.json'],
    ['default', 'locked', 'wallet-4.1.1-ansible.vault'],
  ]) {
    const folder = join(home, '.bittensor/wallets', wallet!, 'hotkeys')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    copyFileSync(join(samples, sample!), join(folder, hotkey!))
    chmodSync(join(folder, hotkey!), 0o600)
  }
  writeFileSync(join(home, '.levin-password'), 'Levin-test-0nly!\n', { mode: 0o600 })
})

afterAll(async () => {
  for (const child of started) if (child.exitCode === null && child.kill()) await once(child, 'exit')
  for (const folder of [project, home]) rmSync(folder, { recursive: true, force: true })
})

interface Run {
  readonly cwd?: string
  readonly env?: Record<string, string>
}

/** Runs a command of bash. @returns the first match in what it prints */
async function run(command: string, wanted: RegExp, { cwd = project, env = {} }: Run = {}): Promise<string> {
  const path = `${join(project, 'node_modules/.bin')}:${process.env.PATH}`
  const child = spawn('bash', ['-c', command], {
    cwd,
    env: { ...process.env, PATH: path, HOME: home, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started.push(child)
  let printed = ''
  return new Promise((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      printed += chunk
      const match = wanted.exec(printed)
      if (match !== null) resolve(match[1] ?? match[0])
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.on('close', () => reject(new Error(`${command}: ended, and had printed: ${printed}`)))
  })
}

/** The page's commands, each block with `exec` before the last, so that what is started is what is stopped. */
const commands = (): string[] =>
  [...readFileSync(join(root, 'docs/wallet.md'), 'utf8').matchAll(/```sh\n([\s\S]*?)```/g)].map(
    ([, block]) => {
      const lines = block!.trim().split('\n')
      return [...lines.slice(0, -1), `exec ${lines.at(-1)}`].join('\n')
    },
  )

async function echoOf(hotkey: string, port: string): Promise<unknown> {
  const validator = new Validator({ signer: validatorSigner, logger: silentLogger })
  try {
    return (await validator.query({ hotkey, host: '127.0.0.1', port: Number(port) }, Echo, { n: 1 })).data
  } finally {
    validator.close()
  }
}

const PORT = /"port":(\d+).*"msg":"miner listening"/

test('the programs compile', () => {
  expect([page.files, page.faults]).toEqual([['miner.ts', 'secrets.ts', 'behind.ts'], []])
})

test('a program with a wallet is a running miner', async () => {
  const port = await run(`exec node miner.js ${validatorSigner.hotkey}`, PORT, { env: { PORT: '0' } })
  expect(await echoOf(MINER1, port)).toEqual({ n: 1 })
})

test('a password, a seed and a mnemonic from where the page has them', async () => {
  const show = `import('./secrets.js').then((signers) => console.log(JSON.stringify(signers)))`
  const command = `exec node -e "${show}" 3< <(echo 0x${'02'.repeat(32)})`
  const printed = await run(command, /\{.*\}/, { env: { MINER_SEED: `0x${'02'.repeat(32)}` } })
  const { hotkey } = validatorSigner
  expect(JSON.parse(printed)).toEqual({ locked: { hotkey: MINER1 }, piped: { hotkey }, seeded: { hotkey } })
})

describe('the commands', () => {
  test('the example miner', async () => {
    const command = commands()[0]!
      .replace('npm run build:tools', '')
      .replace('VALIDATOR_HOTKEY', validatorSigner.hotkey)
    const port = await run(`${command} --port 0`, /listening (\d+)/, { cwd: root })
    await expect(echoOf(MINER1, port)).rejects.toMatchObject({ peerMessage: 'unrecognized synapse type' })
  })

  test('levin-signer, and the miner whose key is behind it', async () => {
    const [socket, place] = [join(home, 's.sock'), '/run/levin/signer.sock']
    await run(commands()[1]!.replace(place, socket), /listening/)
    const behind = join(project, 'behind.js')
    writeFileSync(behind, readFileSync(behind, 'utf8').replace(place, socket))
    const env = { HOTKEY: MINER2, PORT: '0' }
    const port = await run(`exec node behind.js ${validatorSigner.hotkey}`, PORT, { env })
    expect(await echoOf(MINER2, port)).toEqual({ n: 1 })
  })
})

test('both examples take the flags', async () => {
  const wallet = (hotkey: string): string =>
    `--wallet.path ${join(home, '.bittensor/wallets')} --wallet.name alice --wallet.hotkey ${hotkey}`
  const miner = `exec node build/examples/miner/main.js ${wallet('miner1')} --allow ${MINER2} --port 0`
  const port = Number(await run(miner, /listening (\d+)/, { cwd: root }))
  const list = join(home, 'miners.json')
  writeFileSync(list, JSON.stringify([{ hotkey: MINER1, host: '127.0.0.1', port }]))
  const scores = `--scores ${join(home, 'scores.json')}`
  const validator = `exec node build/examples/validator/main.js ${wallet('miner2')} --miners ${list} ${scores} --rounds 1`
  const answer = await run(`${validator} examples/texts/tram.de.txt`, /round 1 .*/, { cwd: root })
  expect(answer).toMatch(new RegExp(`${MINER1} +[\\d.]+ ms +.*de`))
})
