const { join } = require('node:path')
const { platformOf } = require('./platform.js')

/**
 * Finds the binary for a machine: one that was built here (`npm run build:engine`), else that of the platform's own
 * package.
 *
 * @param {object} machine
 * @param {Parameters<typeof platformOf>[0]} machine.runtime
 * @param {string} machine.folder where this package lies
 * @param {string} machine.version that the binary must have
 * @param {(path: string) => boolean} machine.exists
 * @param {(name: string) => unknown} machine.require
 * @throws {Error} that says what was tried, and what to do
 */
function load({ runtime, folder, version, exists, require }) {
  const platform = platformOf(runtime)
  const name = `levin-engine-${platform}`
  const local = join(folder, `levin-engine.${platform}.node`)
  const canBuild = exists(join(folder, 'Cargo.toml'))
  if (exists(local)) return open(local, canBuild ? 'build it again: npm run build:engine' : `remove it`)

  const install = `install ${name}@${version}`
  try {
    return open(name, install)
  } catch (error) {
    if (error.cause?.code !== 'MODULE_NOT_FOUND') throw error
    throw new Error(
      `there is no binary for ${platform}: neither ${local} nor the package ${name}; ` +
        (canBuild
          ? `build it here, npm run build:engine, or ${install}`
          : `${install} (an optional dependency)`),
    )
  }

  function open(place, fix) {
    let addon
    try {
      addon = require(place)
    } catch (cause) {
      throw new Error(`the binary ${place} does not load: ${cause.message}; ${fix}`, { cause })
    }
    const found = typeof addon.version === 'function' ? addon.version() : 'of no version'
    if (found === version) return addon
    throw new Error(`the binary ${place} is ${found}, and ${version} is needed; ${fix}`)
  }
}

module.exports = { load }
