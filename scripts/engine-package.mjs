/**
 * The packages of a release of the engine, as files under `dist-engine/`: one a platform, with its binary, and
 * `levin-engine`, which asks npm for the one that fits.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { engineCrate } from './cargo.mjs'
import { TARGETS } from './engine-targets.mjs'

const root = fileURLToPath(new URL('../', import.meta.url))
const out = join(root, 'dist-engine')

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'))
const engine = readJson(join(engineCrate, 'package.json'))
const nameOf = ({ platform }) => `levin-engine-${platform}`

/** Takes away what an earlier build left: a platform that cannot be built must not be published as it was. */
export function forget({ platform }) {
  rmSync(join(out, platform), { recursive: true, force: true })
}

/** What a platform's package says of itself. @param main the manifest of `levin-engine` */
export function platformManifest(target, main) {
  const { version, license, engines } = main
  const binary = `levin-engine.${target.platform}.node`
  return {
    name: nameOf(target),
    version,
    description: `The binary of levin-engine for ${target.platform}`,
    license,
    main: binary,
    files: [binary, 'THIRD-PARTY.txt'],
    engines,
    os: [target.os],
    cpu: [target.cpu],
    ...(target.libc && { libc: [target.libc] }),
  }
}

/** What `levin-engine` says of itself when it is published: in the clone it names no package that may not exist yet. */
export function mainManifest(main, targets) {
  const { private: _, ...rest } = main
  const binaries = targets.map((target) => [nameOf(target), main.version])
  return { ...rest, optionalDependencies: Object.fromEntries(binaries) }
}

/** @param {string} library what cargo built @param {string} notices licences of what is in it @returns {string} folder */
export function writePlatform(target, library, notices) {
  const manifest = platformManifest(target, engine)
  const folder = begin(target.platform, manifest)
  copyFileSync(library, join(folder, manifest.main))
  writeFileSync(join(folder, 'THIRD-PARTY.txt'), notices)
  writeFileSync(
    join(folder, 'README.md'),
    `# ${manifest.name}\n\n${manifest.description}. Install \`levin\`, which takes it where it fits.\n`,
  )
  return folder
}

/** Names all platforms whose package is there. @returns {string[]} their names; none when there is nothing to publish */
export function writeMain() {
  const found = existsSync(out) ? readdirSync(out) : []
  const targets = TARGETS.filter(({ platform }) => found.includes(platform))
  for (const { platform } of targets) {
    const { version } = readJson(join(out, platform, 'package.json'))
    if (version !== engine.version) {
      throw new Error(
        `dist-engine/${platform} is ${version}, and levin-engine is ${engine.version}: build it again`,
      )
    }
  }
  if (targets.length === 0) return []
  const folder = begin('levin-engine', mainManifest(engine, targets))
  for (const file of engine.files) copyFileSync(join(engineCrate, file), join(folder, file))
  writeFileSync(
    join(folder, 'README.md'),
    `# levin-engine\n\n${engine.description}, for \`levin\`, which depends on it. It has no interface for others.\n`,
  )
  return targets.map(({ platform }) => platform)
}

function begin(name, manifest) {
  const folder = join(out, name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))
  return folder
}
