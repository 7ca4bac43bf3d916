/** Four miners and a validator, each a process of its own, talking QUIC on loopback. `npm run demo` */
import 'reflect-metadata'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text as readAll } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { type Axon, LevinError, seedSigner, synapse, Validator } from 'levin'
import { Identify } from './miner/contract.js'

const LONGEST_MS = 30_000

const texts = fileURLToPath(new URL('./examples/texts/', import.meta.resolve('levin/package.json')))
const newSeed = () => `0x${randomBytes(32).toString('hex')}`
const validatorSeed = newSeed()
const validatorHotkey = seedSigner(validatorSeed).hotkey

/** A port of the protocol's range on which nobody listens. */
const DEAD_PORT = 9

const children = new Set<ChildProcess>()
const stopAll = () => {
  for (const child of children) child.kill('SIGTERM')
}
// A child that is stopped early ends with a signal or prints nothing, so the demo fails by itself.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stopAll)
setTimeout(stopAll, LONGEST_MS).unref()

console.log(`Levin demo: four miners that name the language of a text, of which one is slow,
one is dead and one answers rubbish, and a validator that asks them in rounds,
over QUIC, with hotkeys made for this run.
  validator  ${validatorHotkey}`)
const folder = await mkdtemp(join(tmpdir(), 'levin-demo-'))
try {
  const honest = await start('miner/main.js', [])
  const slow = await start('miner/faulty.js', ['--fault', 'slow'])
  const rubbish = await start('miner/faulty.js', ['--fault', 'rubbish'])
  const dead = { hotkey: seedSigner(newSeed()).hotkey, host: '127.0.0.1', port: DEAD_PORT }
  const axons = { honest: honest.axon, slow: slow.axon, rubbish: rubbish.axon, dead }
  for (const [kind, { hotkey }] of Object.entries(axons)) console.log(`  ${kind.padEnd(9)}  ${hotkey}`)

  heading('The validator asks them, a text of its own for each')
  const miners = join(folder, 'miners.json')
  await writeFile(miners, JSON.stringify(Object.values(axons)))
  const files = (await readdir(texts)).sort().map((name) => `${texts}${name}`)
  const options = [
    '--miners',
    miners,
    '--scores',
    join(folder, 'scores.json'),
    '--rounds',
    '4',
    '--every',
    '1200',
  ]
  const validator = run('validator/main.js', [...options, ...files], { VALIDATOR_SEED: validatorSeed }, true)
  const [code] = await once(validator, 'close')
  if (code !== 0) throw new Error(`the validator ended with ${code}`)

  heading('What is refused')
  await showRefusals(honest.axon)

  heading("The honest miner's log")
  honest.process.kill('SIGTERM')
  const [minerCode] = await honest.end
  console.log((await honest.log).replace(/^/gm, '  ').trimEnd())
  if (minerCode !== 0) throw new Error(`the miner ended with ${minerCode}`)
} catch (error) {
  console.error(error)
  process.exitCode = 1
} finally {
  stopAll()
  await rm(folder, { recursive: true, force: true })
}

/** A miner with a hotkey of its own, which listens when this resolves. */
async function start(program: string, args: string[]) {
  const seed = newSeed()
  const all = ['--port', '0', '--allow', validatorHotkey, ...args]
  const miner = run(program, all, { MINER_SEED: seed })
  const log = readAll(miner.stderr!)
  const end = once(miner, 'close')
  const port = await listeningPort(miner)
  return { process: miner, log, end, axon: { hotkey: seedSigner(seed).hotkey, host: '127.0.0.1', port } }
}

function run(program: string, args: string[], env: NodeJS.ProcessEnv, isShown = false): ChildProcess {
  const path = fileURLToPath(new URL(program, import.meta.url))
  const child = spawn(process.execPath, [path, ...args], {
    env: { ...process.env, ...env },
    stdio: isShown ? 'inherit' : ['ignore', 'pipe', 'pipe'],
  })
  children.add(child)
  child.once('close', () => children.delete(child))
  return child
}

async function listeningPort(miner: ChildProcess): Promise<number> {
  for await (const line of createInterface(miner.stdout!)) {
    const port = /^listening (\d+)$/.exec(line)?.[1]
    if (port !== undefined) return Number(port)
  }
  throw new Error('the miner ended before it listened')
}

async function showRefusals(axon: Axon): Promise<void> {
  const stranger = new Validator({ signer: seedSigner(randomBytes(32)) })
  const validator = new Validator({ signer: seedSigner(validatorSeed) })
  try {
    await refused('a validator that is not on the allowlist', () => stranger.connect(axon))
    const miner = await validator.connect(axon)
    await refused('an empty text, checked before it is sent', () => miner.query(Identify, { text: '' }))
    // The same synapse without its classes: nothing is checked on this side, as in a client that is not ours.
    const unchecked = synapse('Identify', {})
    await refused('an empty text, checked by the miner', () => miner.query(unchecked, { text: '' }))
  } finally {
    stranger.close()
    validator.close()
  }
}

async function refused(what: string, ask: () => Promise<unknown>): Promise<void> {
  const error: unknown = await ask().then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(error instanceof LevinError)) throw new Error(`${what} was not refused`, { cause: error })
  console.log(`  ${what}\n    ${error.code}: ${error.message}`)
}

function heading(text: string): void {
  console.log(`\n${text}\n${'='.repeat(text.length)}`)
}
