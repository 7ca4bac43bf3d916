/** A miner and a validator, each a process of its own, talking QUIC on loopback. `npm run demo` */
import 'reflect-metadata'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { text as readAll } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { LevinError, seedSigner, synapse, Validator } from 'levin'
import { Identify } from './miner/contract.js'

const LONGEST_MS = 30_000

const texts = fileURLToPath(new URL('./examples/texts/', import.meta.resolve('levin/package.json')))
const minerSeed = `0x${randomBytes(32).toString('hex')}`
const validatorSeed = `0x${randomBytes(32).toString('hex')}`
const minerHotkey = seedSigner(minerSeed).hotkey
const validatorHotkey = seedSigner(validatorSeed).hotkey

const children = new Set<ChildProcess>()
const stopAll = () => {
  for (const child of children) child.kill('SIGTERM')
}
// A child that is stopped early ends with a signal or prints nothing, so the demo fails by itself.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stopAll)
setTimeout(stopAll, LONGEST_MS).unref()

console.log(`Levin demo: a miner that reads texts in any language, and a validator that asks it
and marks its answers, over QUIC, with hotkeys made for this run.
  miner      ${minerHotkey}
  validator  ${validatorHotkey}`)
try {
  const miner = run('miner/main.js', ['--port', '0', '--allow', validatorHotkey], { MINER_SEED: minerSeed })
  const minerLog = readAll(miner.stderr!)
  const minerEnd = once(miner, 'close')
  const port = await listeningPort(miner)

  heading(`The validator asks the miner on port ${port}`)
  const files = (await readdir(texts)).sort().map((name) => `${texts}${name}`)
  const address = ['--hotkey', minerHotkey, '--port', String(port)]
  const validator = run('validator/main.js', [...address, ...files], { VALIDATOR_SEED: validatorSeed }, true)
  const [code] = await once(validator, 'close')
  if (code !== 0) throw new Error(`the validator ended with ${code}`)

  heading('What is refused')
  await showRefusals(port)

  heading("The miner's log")
  miner.kill('SIGTERM')
  const [minerCode] = await minerEnd
  console.log((await minerLog).replace(/^/gm, '  ').trimEnd())
  if (minerCode !== 0) throw new Error(`the miner ended with ${minerCode}`)
} catch (error) {
  console.error(error)
  process.exitCode = 1
} finally {
  stopAll()
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

async function showRefusals(port: number): Promise<void> {
  const axon = { hotkey: minerHotkey, host: '127.0.0.1', port }
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
