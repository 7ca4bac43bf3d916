// Builds the engine's packages for a release into dist-engine/, and says at the end what it could not build, and why.
//
//   npm run build:engine-packages                   everything that can be built here
//   npm run build:engine-packages -- linux-x64-gnu  these, and it fails when one cannot be built; `none` for no binary
//
// Linux is built with zig as the C compiler and linker, for glibc 2.17 and musl, from any machine: it takes
// `pip install ziglang cargo-zigbuild` and Rust's standard library for the target, which rustup fetches. macOS is built
// on a Mac. `levin-engine` itself is written last, and names every platform that is in dist-engine/ by then.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cargoProblem, engineCrate, runCargo } from './cargo.mjs'
import { forget, writeMain, writePlatform } from './engine-package.mjs'
import { GLIBC, TARGETS } from './engine-targets.mjs'
import { faultOf } from './inspect-binary.mjs'
import { libraryIn } from './library-in.mjs'
import { thirdParty } from './third-party.mjs'

const { platformOf, runtime } = createRequire(import.meta.url)('../engine/platform.js')

const named = process.argv.slice(2)
const unknown = named.find((name) => name !== 'none' && !TARGETS.some(({ platform }) => platform === name))
if (unknown !== undefined) {
  console.error(`${unknown} is none of ${TARGETS.map(({ platform }) => platform).join(', ')}`)
  process.exit(1)
}

const wanted = named.length === 0 ? TARGETS : TARGETS.filter(({ platform }) => named.includes(platform))
const failures = []
for (const target of wanted) {
  console.log(`\n${target.platform}`)
  forget(target)
  try {
    console.log(`  ${writePlatform(target, build(target), thirdParty(target.triple))}`)
  } catch (error) {
    failures.push(`${target.platform}: ${error.message}`)
  }
}

const packed = writeMain()
console.log(`\ndist-engine has ${packed.join(', ') || 'nothing'}`)
if (failures.length > 0) console.log(`could not be built here:\n  ${failures.join('\n  ')}`)
if (packed.length === 0 || (named.length > 0 && failures.length > 0)) process.exitCode = 1

function build(target) {
  const problem =
    cargoProblem() ?? (target.os === 'linux' ? zigProblem() : macProblem()) ?? libraryProblem(target)
  if (problem !== undefined) throw new Error(problem)
  const [command, triple] =
    target.os === 'linux'
      ? ['zigbuild', target.libc === 'glibc' ? `${target.triple}.${GLIBC}` : target.triple]
      : ['build', target.triple]
  const args = [
    command,
    '--release',
    '--locked',
    '--target',
    triple,
    '--message-format',
    'json-render-diagnostics',
  ]
  const { ok, output } = runCargo(engineCrate, args, { capture: true })
  if (!ok) throw new Error('cargo failed, see above')
  const library = libraryIn(output)
  const fault = faultOf(library, target, GLIBC)
  if (fault !== undefined) throw new Error(`built, but ${fault}`)
  if (target.platform === here()) tryOut(library)
  return library
}

function zigProblem() {
  const works = (command, ...args) => spawnSync(command, args).status === 0
  const hasZig = works('zig', 'version') || works('python3', '-m', 'ziglang', 'version')
  if (hasZig && works('cargo', 'zigbuild', '--help')) return undefined
  return 'zig and cargo-zigbuild are needed, and not both here: pip install ziglang cargo-zigbuild'
}

function macProblem() {
  return process.platform === 'darwin' ? undefined : 'it is built on a Mac, where it can be tried'
}

/** Rust's standard library for the target: fetched where rustup can. */
function libraryProblem({ triple }) {
  const find = spawnSync('rustc', ['--print', 'target-libdir', '--target', triple], {
    cwd: engineCrate,
    encoding: 'utf8',
  })
  if (find.status === 0 && existsSync(find.stdout.trim())) return undefined
  const fetched = spawnSync('rustup', ['target', 'add', triple], { cwd: engineCrate, encoding: 'utf8' })
  if (fetched.status === 0) return undefined
  const why = fetched.error === undefined ? fetched.stderr.trim().split('\n').at(-1) : 'rustup is not here'
  return `Rust's standard library for ${triple} is not here, and could not be fetched: ${why}`
}

function here() {
  try {
    return platformOf(runtime())
  } catch {
    return undefined
  }
}

/** In a process of its own: a broken one must not end this one. */
function tryOut(library) {
  const program = `
    const module = { exports: {} }
    process.dlopen(module, process.argv[1])
    console.log(module.exports.version())`
  const { status, stderr, signal } = spawnSync(process.execPath, ['-e', program, library], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`built, but it does not load: ${stderr.trim() || signal}`)
}
