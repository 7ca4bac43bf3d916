/**
 * Gets the reference peers ready: the Rust programs built, the Python packages installed.
 * All live in a cache outside the clone (`LEVIN_CACHE`, else `~/.cache/levin`): the first run takes minutes, the next ones no time.
 */
import { type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { homedir, hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const cache = process.env.LEVIN_CACHE ?? join(homedir(), '.cache', 'levin')

export interface PythonPeer {
  readonly python: string
  readonly script: string
}

/**
 * `rust` and `python` speak btlightning's protocol, `bittensor` HTTP; `subtensor` and `sdk` read the chain; `wallet` writes
 * keys; `aioquic` attacks.
 */
export type PeerName = 'rust' | 'subtensor' | 'python' | 'bittensor' | 'sdk' | 'wallet' | 'aioquic'

/** A Python package in a virtual environment of its own, with what `requirements.txt` of the peer's folder names. */
interface Environment {
  readonly peer: PeerName
  /** In the cache. */
  readonly folder: string
  readonly module: string
  readonly version: string
}

const PYTHON: Environment = {
  peer: 'python',
  folder: 'python-0.2.15',
  module: 'btlightning',
  version: '0.2.15',
}

const BITTENSOR: Environment = {
  peer: 'bittensor',
  folder: 'bittensor-10.5.0',
  module: 'bittensor',
  version: '10.5.0',
}

const SDK: Environment = {
  peer: 'sdk',
  folder: 'bittensor-11.3.0',
  module: 'bittensor',
  version: '11.3.0',
}

const WALLET: Environment = {
  peer: 'wallet',
  folder: 'bittensor-wallet-4.1.1',
  module: 'bittensor_wallet',
  version: '4.1.1',
}

const AIOQUIC: Environment = {
  peer: 'aioquic',
  folder: 'aioquic-1.7.2',
  module: 'aioquic',
  version: '1.7.2',
}

/** What this machine lacks to prepare a peer, in words for a message; empty when it has everything. */
export function missingTools(peer: PeerName): string[] {
  const works = (command: string, ...args: string[]): boolean =>
    spawnSync(command, args, { stdio: 'ignore' }).status === 0
  if (peer === 'rust' || peer === 'subtensor')
    return works('cargo', '--version') ? [] : ['cargo (Rust 1.88 or newer)']
  if (!works('python3', '-c', 'import venv, ensurepip')) return ['python3 with its venv module']
  const fits = 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))'
  return peer === 'python' || works('python3', '-c', fits) ? [] : ['python3 from 3.11 to 3.14']
}

/** Builds the Rust peer where it is not up to date, and gives the path of its program. */
export async function buildRustPeer(): Promise<string> {
  return buildCrate('rust', 'levin-peer')
}

/** btlightning with its feature for the chain, which takes three times as many crates. */
export async function buildSubtensorPeer(): Promise<string> {
  return buildCrate('subtensor', 'levin-subtensor-peer')
}

async function buildCrate(peer: PeerName, name: string): Promise<string> {
  demandTools(peer)
  const target = join(cache, 'rust-target')
  const manifest = join(peers(), peer, 'Cargo.toml')
  await mkdir(target, { recursive: true })
  // Cargo itself knows what is stale, and lets one build at a time into a target folder.
  await run(
    `building the ${peer} peer`,
    'cargo',
    // The examples are the docs' code: that it compiles is the test.
    ['build', '--release', '--locked', '--bins', '--examples', '--manifest-path', manifest],
    {
      env: { ...process.env, CARGO_TARGET_DIR: target, CARGO_TERM_COLOR: 'never' },
    },
  )
  const program = join(target, 'release', name)
  if (!existsSync(program)) throw new Error(`cargo built the ${peer} peer, but ${program} is not there`)
  return program
}

/** btlightning's Python package, and the program that uses it. */
export async function preparePythonPeer(): Promise<PythonPeer> {
  return prepareEnvironment(PYTHON)
}

/** Bittensor's own axon and dendrite, for the benchmark. */
export async function prepareBittensorPeer(): Promise<PythonPeer> {
  return prepareEnvironment(BITTENSOR)
}

/** Bittensor's SDK of today, which reads the chain and publishes on it, and has no axon of its own any more. */
export async function prepareSdkPeer(): Promise<PythonPeer> {
  return prepareEnvironment(SDK)
}

/** A QUIC client that encrypts what it likes, for the hostile suite. */
export async function prepareAioquicPeer(): Promise<PythonPeer> {
  return prepareEnvironment(AIOQUIC)
}

/** The two packages that write hotkeys today; each is the first argument of the one program for both. */
export async function prepareWalletPeers(): Promise<Record<string, PythonPeer>> {
  const wallet = await prepareEnvironment(WALLET)
  return {
    bittensor_wallet: wallet,
    bittensor: { ...(await prepareEnvironment(SDK)), script: wallet.script },
  }
}

/** Installs a package in a virtual environment where it is not there yet, and gives what to start. */
async function prepareEnvironment(environment: Environment): Promise<PythonPeer> {
  const { module, version } = environment
  const home = join(cache, environment.folder)
  const sources = join(peers(), environment.peer)
  const peer = {
    python: join(home, 'bin', 'python'),
    script: join(sources, 'peer.py'),
  }
  if (await isInstalled(environment)) return peer

  demandTools(environment.peer)
  await mkdir(cache, { recursive: true })
  await exclusively(`${home}.lock`, async () => {
    // Whoever held the lock before may have done it all.
    if (await isInstalled(environment)) return
    await rm(home, { recursive: true, force: true })
    await run('creating a Python environment', 'python3', ['-m', 'venv', home])
    const requirements = join(sources, 'requirements.txt')
    const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '-r', requirements]
    await run(`installing ${module} ${version} (built from source where no wheel fits)`, peer.python, pip)
    await writeFile(ready(home), '')
    if (!(await isInstalled(environment))) {
      throw new Error(`${module} ${version} was installed in ${home}, but Python cannot import it`)
    }
  })
  return peer
}

/** Written last: an environment without it is one that was interrupted. */
function ready(home: string): string {
  return join(home, '.levin-ready')
}

async function isInstalled({ folder, module, version }: Environment): Promise<boolean> {
  const home = join(cache, folder)
  if (!existsSync(ready(home))) return false
  const check = `import ${module}, importlib.metadata as m; assert m.version('${module}') == '${version}'`
  // Without it, bittensor makes folders in the home of whoever imports it.
  const env = { ...process.env, READ_ONLY: '1' }
  try {
    await run(`importing ${module}`, join(home, 'bin', 'python'), ['-c', check], { env })
    return true
  } catch {
    return false
  }
}

function demandTools(peer: PeerName): void {
  const missing = missingTools(peer)
  if (missing.length > 0) throw new Error(`the ${peer} reference peer needs ${missing.join(', ')}`)
}

/** The folder of the peers' sources; this file may run from there or compiled from under `build/`. */
function peers(): string {
  for (let at = dirname(fileURLToPath(import.meta.url)); ; at = dirname(at)) {
    const folder = join(at, 'test', 'interop', 'peers')
    if (existsSync(join(folder, 'rust', 'Cargo.toml'))) return folder
    if (at === dirname(at)) throw new Error('the sources of the reference peers are not above this file')
  }
}

/** Runs a command to its end. Says so when that takes over a second; shows what it printed only when it fails. */
function run(step: string, command: string, args: string[], options: SpawnOptions = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const started = Date.now()
    const seconds = (): string => `${Math.round((Date.now() - started) / 1000)} s`
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const keep = (bytes: Buffer): void => {
      output = (output + bytes.toString()).slice(-20_000)
    }
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    const first = setTimeout(() => say(`${step} ...`), 1000)
    const more = setInterval(() => say(`${step}: ${seconds()}, ${lastLine(output)}`), 15_000)
    const settle = (): void => {
      clearTimeout(first)
      clearInterval(more)
    }
    child.on('error', (error) => {
      settle()
      reject(new Error(`${step}: cannot run ${command}: ${error.message}`, { cause: error }))
    })
    child.on('close', (code, signal) => {
      settle()
      if (code !== 0) {
        const end = signal === null ? `exit code ${code}` : `signal ${signal}`
        reject(new Error(`${step} failed: ${command} ended with ${end}\n${output.trim()}`))
        return
      }
      if (Date.now() - started > 1000) say(`${step}: done in ${seconds()}`)
      resolve()
    })
  })
}

function lastLine(output: string): string {
  return output.trimEnd().split('\n').at(-1)?.trim().slice(0, 100) ?? ''
}

function say(line: string): void {
  process.stderr.write(`levin: ${line}\n`)
}

const HEARTBEAT_MS = 2_000
const DEAD_MS = 30_000

/**
 * Lets one process at a time do the work. The lock is a file that only one can create and that its owner keeps
 * touching; one whose owner is gone, or has been silent for long, is taken over.
 */
async function exclusively(lock: string, work: () => Promise<void>): Promise<void> {
  const owner = `${process.pid}@${hostname()} ${Math.random()}`
  let waiting = false
  while (!(await create(lock, owner))) {
    await takeFromTheDead(lock)
    if (!waiting) say(`waiting for another run, which holds ${lock}`)
    waiting = true
    await sleep(500)
  }
  const heart = setInterval(() => {
    const now = new Date()
    utimes(lock, now, now).catch(() => undefined)
  }, HEARTBEAT_MS)
  try {
    await work()
  } finally {
    clearInterval(heart)
    if ((await readOr(lock)) === owner) await rm(lock, { force: true })
  }
}

async function create(lock: string, owner: string): Promise<boolean> {
  try {
    await writeFile(lock, owner, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

async function takeFromTheDead(lock: string): Promise<void> {
  const seen = await readOr(lock)
  const touched = await stat(lock).catch(() => undefined)
  if (seen === undefined || touched === undefined) return
  const silent = Date.now() - touched.mtimeMs > DEAD_MS
  if (!silent && !isGone(seen)) return
  // Moved first and looked at then: between the two it may have become the lock of another, which goes back.
  const aside = `${lock}.${process.pid}`
  await rename(lock, aside).catch(() => undefined)
  if ((await readOr(aside)) !== seen) await link(aside, lock).catch(() => undefined)
  await rm(aside, { force: true })
}

/** True when the owner ran on this very machine and does no more. */
function isGone(owner: string): boolean {
  const [, pid, host] = /^(\d+)@(\S+) /.exec(owner) ?? []
  if (pid === undefined || host !== hostname()) return false
  try {
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

async function readOr(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined)
}
