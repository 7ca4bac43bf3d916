/** Cargo, Rust's build tool: whether it is here, and runs of it whose progress is shown. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))

/** Folders of this project's crates. */
export const engineCrate = join(root, 'engine')
export const peersCrate = join(root, 'test/interop/peers/rust')
export const subtensorCrate = join(root, 'test/interop/peers/subtensor')

const GET = 'get it from rustup.rs or from your system (Levin works without it, on quiche)'

/**
 * Why the engine cannot be built here; undefined when it can.
 * @param {string[]} parts of cargo that are needed as well: `fmt`, `clippy`
 */
export function cargoProblem(parts = []) {
  const version = spawnSync('cargo', ['--version'], { encoding: 'utf8' })
  if (version.error !== undefined) return `cargo, Rust's build tool, is not here: ${GET}`
  if (version.status !== 0) return `cargo does not run: ${version.stderr.trim()}`
  const manifest = readFileSync(join(engineCrate, 'Cargo.toml'), 'utf8')
  const [, needed] = /^rust-version = "([\d.]+)"/m.exec(manifest)
  if (!isAtLeast(version.stdout, needed)) {
    return `${version.stdout.trim()} is too old, ${needed} or newer is needed: ${GET}`
  }
  for (const part of parts) {
    if (spawnSync('cargo', [part, '--version']).status === 0) continue
    return `cargo ${part} is not here: with rustup, rustup component add ${part === 'fmt' ? 'rustfmt' : part}`
  }
}

/** @param {string} version as `cargo --version` prints it @param {string} needed such as 1.88 */
export function isAtLeast(version, needed) {
  const numbers = (text) => /\d+(\.\d+)+/.exec(text)?.[0].split('.').map(Number) ?? []
  const [major = 0, minor = 0] = numbers(version)
  const [neededMajor, neededMinor] = numbers(needed)
  return major > neededMajor || (major === neededMajor && minor >= neededMinor)
}

/**
 * Runs cargo within a crate's folder, so that the crate's own configuration holds, and shows what it says.
 * @returns {{ ok: boolean, output: string }} `output` is what it printed besides its progress
 */
export function runCargo(crate, args, options = {}) {
  const { status, stdout } = spawnSync('cargo', args, {
    ...options,
    cwd: crate,
    stdio: ['ignore', options.capture ? 'pipe' : 'inherit', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  return { ok: status === 0, output: stdout ?? '' }
}

/**
 * Whether cargo can be asked. Where it cannot, says by name what is left out; in CI nothing may be, so that it fails.
 * @param {string} step
 * @param {string[]} parts see `cargoProblem`
 */
export function hasCargoFor(step, parts) {
  const problem = cargoProblem(parts)
  if (problem === undefined) return true
  if (process.env.CI) {
    console.error(`${step}: ${problem}`)
    process.exitCode = 1
  } else {
    console.warn(`${step} is left out: ${problem}`)
  }
  return false
}
