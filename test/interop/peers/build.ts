/**
 * Gets the reference peers ready: the Rust program built, the Python package installed.
 * Both live in a cache outside the clone (`LEVIN_CACHE`, else `~/.cache/levin`): the first run takes minutes, the next ones no time.
 */
import { type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { homedir, hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const PACKAGE = 'btlightning'
const VERSION = '0.2.15'
const cache = process.env.LEVIN_CACHE ?? join(homedir(), '.cache', 'levin')

export interface PythonPeer {
  readonly python: string
  readonly script: string
}

/** What this machine lacks to prepare a peer, in words for a message; empty when it has everything. */
export function missingTools(peer: 'rust' | 'python'): string[] {
  const works = (command: string, ...args: string[]): boolean =>
    spawnSync(command, args, { stdio: 'ignore' }).status === 0
  if (peer === 'rust') return works('cargo', '--version') ? [] : ['cargo (Rust 1.88 or newer)']
  return works('python3', '-c', 'import venv, ensurepip') ? [] : ['python3 with its venv module']
}

/** Builds the Rust peer where it is not up to date, and gives the path of its program. */
export async function buildRustPeer(): Promise<string> {
  demandTools('rust')
  const target = join(cache, 'rust-target')
  const manifest = join(peers(), 'rust', 'Cargo.toml')
  await mkdir(target, { recursive: true })
  // Cargo itself knows what is stale, and lets one build at a time into a target folder.
  await run(
    'building the Rust peer',
    'cargo',
    ['build', '--release', '--locked', '--manifest-path', manifest],
    {
      env: { ...process.env, CARGO_TARGET_DIR: target, CARGO_TERM_COLOR: 'never' },
    },
  )
  const program = join(target, 'release', 'levin-peer')
  if (!existsSync(program)) throw new Error(`cargo built the Rust peer, but ${program} is not there`)
  return program
}

/** Installs the Python package in a virtual environment where it is not there yet, and gives what to start. */
export async function preparePythonPeer(): Promise<PythonPeer> {
  const home = join(cache, `python-${VERSION}`)
  const peer = { python: join(home, 'bin', 'python'), script: join(peers(), 'python', 'peer.py') }
  if (await isInstalled(home)) return peer

  demandTools('python')
  await mkdir(cache, { recursive: true })
  await exclusively(`${home}.lock`, async () => {
    // Whoever held the lock before may have done it all.
    if (await isInstalled(home)) return
    await rm(home, { recursive: true, force: true })
    await run('creating a Python environment', 'python3', ['-m', 'venv', home])
    const pip = [
      '-m',
      'pip',
      'install',
      '--disable-pip-version-check',
      '--no-input',
      `${PACKAGE}==${VERSION}`,
    ]
    await run(`installing ${PACKAGE} ${VERSION} (built from source where no wheel fits)`, peer.python, pip)
    await writeFile(ready(home), '')
    if (!(await isInstalled(home))) {
      throw new Error(`${PACKAGE} ${VERSION} was installed in ${home}, but Python cannot import it`)
    }
  })
  return peer
}

/** Written last: an environment without it is one that was interrupted. */
function ready(home: string): string {
  return join(home, '.levin-ready')
}

async function isInstalled(home: string): Promise<boolean> {
  if (!existsSync(ready(home))) return false
  const check = `import ${PACKAGE}, importlib.metadata as m; assert m.version('${PACKAGE}') == '${VERSION}'`
  try {
    await run('importing the Python package', join(home, 'bin', 'python'), ['-c', check])
    return true
  } catch {
    return false
  }
}

function demandTools(peer: 'rust' | 'python'): void {
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
