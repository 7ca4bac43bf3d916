/**
 * Finds the binary for this machine: one that was built here (`npm run build:engine`), else that of the platform's own
 * package. Throws an Error that says what was tried, and what to do.
 */
const { existsSync } = require('node:fs')
const { join } = require('node:path')
const { version } = require('./package.json')
const { platformOf, runtime } = require('./platform.js')

module.exports = load()

function load() {
  const platform = platformOf(runtime())
  const local = join(__dirname, `levin-engine.${platform}.node`)
  if (existsSync(local)) return checked(require(local), local, 'build it again: npm run build:engine')
  const name = `levin-engine-${platform}`
  const fix = `install ${name} ${version}`
  let addon
  try {
    addon = require(name)
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error
    const build = existsSync(join(__dirname, 'Cargo.toml')) ? ', or build it here: npm run build:engine' : ''
    throw new Error(`there is no binary for ${platform}; ${fix}${build}`)
  }
  return checked(addon, name, fix)
}

function checked(addon, where, fix) {
  const found = typeof addon.version === 'function' ? addon.version() : 'without a version'
  if (found === version) return addon
  throw new Error(`the binary ${where} is ${found}, and ${version} is needed; ${fix}`)
}
