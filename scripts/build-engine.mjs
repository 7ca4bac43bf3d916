// Builds the native engine for this machine, and puts it where levin-engine finds it. Cargo and a C compiler are needed.
//
//   npm run build:engine                    as it is released
//   npm run build:engine -- --profile dev   in half the time, for working on it; several times slower
//
// CARGO_TARGET_DIR, if set, is where cargo works. What has not changed is not built again.
import { spawnSync } from 'node:child_process'
import { copyFileSync, renameSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cargoProblem, engineCrate, runCargo } from './cargo.mjs'
import { libraryIn } from './library-in.mjs'

const { platformOf, runtime } = createRequire(import.meta.url)('../engine/platform.js')

try {
  const { values } = parseArgs({ options: { profile: { type: 'string', default: 'release' } } })
  console.log(`built ${build(values.profile)}`)
} catch (error) {
  console.error(`build:engine: ${error.message}`)
  process.exitCode = 1
}

function build(profile) {
  const platform = platformOf(runtime())
  const problem = cargoProblem()
  if (problem !== undefined) throw new Error(problem)

  console.log('building the native engine: a minute or two the first time')
  const args = ['build', '--profile', profile, '--locked', '--message-format', 'json-render-diagnostics']
  const { ok, output } = runCargo(engineCrate, args, { capture: true })
  if (!ok) throw new Error('cargo failed, see above; it needs a C compiler as well (cc)')

  const place = join(engineCrate, `levin-engine.${platform}.node`)
  // Copied beside it and then renamed: a process that has the old one open keeps it.
  copyFileSync(libraryIn(output), `${place}.new`)
  renameSync(`${place}.new`, place)
  // In a process of its own, so that a broken one cannot take this one down before it is told of.
  const tried = spawnSync(process.execPath, ['-e', 'require(process.argv[1])', engineCrate], {
    encoding: 'utf8',
  })
  if (tried.status !== 0)
    throw new Error(`it was built, and does not load:\n${tried.stderr.trim() || tried.signal}`)
  return place
}
