/**
 * Which binary fits, from what a process says of itself. No child process and no file is asked.
 *
 * @param {{ versions: Record<string, string | undefined>, platform: string, arch: string, glibc: string | undefined }} runtime
 * @returns {string} as napi-rs names platforms: linux-x64-gnu, linux-arm64-musl, darwin-arm64, ...
 * @throws {Error} where the engine cannot run
 */
function platformOf({ versions, platform, arch, glibc }) {
  if (versions.bun !== undefined) throw new Error('it stands on libuv, which Bun does not have')
  if (versions.deno !== undefined) throw new Error('it stands on libuv, which Deno does not have')
  if (arch !== 'x64' && arch !== 'arm64') throw new Error(`there is none for ${platform} on ${arch}`)
  if (platform === 'linux') return `linux-${arch}-${glibc === undefined ? 'musl' : 'gnu'}`
  if (platform === 'darwin') return `darwin-${arch}`
  throw new Error(`there is none for ${platform}`)
}

/** What this process is. */
function runtime() {
  const { versions, platform, arch } = process
  return { versions, platform, arch, glibc: platform === 'linux' ? glibcVersion() : undefined }
}

/** glibc's version, or undefined with musl. */
function glibcVersion() {
  const { report } = process
  if (report === undefined) return undefined
  const before = report.excludeNetwork
  report.excludeNetwork = true // else it looks up the names of open connections' peers
  try {
    return report.getReport().header.glibcVersionRuntime
  } finally {
    report.excludeNetwork = before
  }
}

module.exports = { platformOf, runtime }
