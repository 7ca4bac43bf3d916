// Builds the native engine for this machine, and puts it where levin-engine finds it. Cargo and a C compiler are needed.
// CARGO_TARGET_DIR, if set, is where cargo works.
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, renameSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const crate = fileURLToPath(new URL('../engine/', import.meta.url))
const { platformOf, runtime } = createRequire(import.meta.url)('../engine/platform.js')

function fail(reason) {
  console.error(`build:engine: ${reason}`)
  process.exit(1)
}

const manifest = readFileSync(join(crate, 'Cargo.toml'), 'utf8')
const needed = /^rust-version = "(\d+)\.(\d+)"/m.exec(manifest)
const get = 'get it from rustup.rs, or from your system: Levin works without the native engine, on quiche'

let found
try {
  found = execFileSync('cargo', ['--version'], { encoding: 'utf8' })
} catch {
  fail(`cargo, Rust's build tool, is not here; ${get}`)
}
const [, major, minor] = /^cargo (\d+)\.(\d+)/.exec(found) ?? []
if (Number(major) < Number(needed[1]) || (major === needed[1] && Number(minor) < Number(needed[2]))) {
  fail(`${found.trim()} is too old: ${needed[1]}.${needed[2]} or newer is needed; ${get}`)
}

let platform
try {
  platform = platformOf(runtime())
} catch (error) {
  fail(`the engine does not run here: ${error.message}`)
}

console.log('building the native engine: a minute or two the first time')
const args = ['build', '--release', '--locked', '--manifest-path', join(crate, 'Cargo.toml')]
const built = spawnSync('cargo', args, { stdio: 'inherit' })
if (built.status !== 0) fail('cargo failed, see above; a C compiler is needed as well (cc)')

const target = process.env.CARGO_TARGET_DIR ?? join(crate, 'target')
const library = process.platform === 'darwin' ? 'liblevin_engine.dylib' : 'liblevin_engine.so'
const place = join(crate, `levin-engine.${platform}.node`)
// Copied beside it and then renamed: a process that has the old one open keeps it.
copyFileSync(join(target, 'release', library), `${place}.new`)
renameSync(`${place}.new`, place)
// In a process of its own, so that a broken one says so here.
execFileSync(process.execPath, ['-e', `require(${JSON.stringify(join(crate, 'index.js'))})`], {
  stdio: 'inherit',
})
console.log(`built ${place}`)
