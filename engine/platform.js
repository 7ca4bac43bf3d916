/**
 * Which binary fits, from what a process says of itself. No child process and no file is asked.
 *
 * @param {{ versions: Record<string, string | undefined>, platform: string, arch: string, glibc: string | undefined }} runtime
 * @returns {string} as napi-rs names platforms: linux-x64-gnu, linux-arm64-musl, darwin-arm64, ...
 * @throws {Error} where the engine cannot run, saying why
 */
function platformOf({ versions, platform, arch, glibc }) {
  if (versions.bun !== undefined) {
    throw new Error('it runs on Node alone: Bun ends the process at the first call into libuv')
  }
  if (versions.deno !== undefined) throw new Error('it runs on Node alone: Deno refuses to load it')
  if (platform === 'win32') {
    throw new Error(
      'there is none for Windows yet: it calls libuv inside the node binary, which takes more to link there',
    )
  }
  const isKnown = (platform === 'linux' || platform === 'darwin') && (arch === 'x64' || arch === 'arm64')
  if (!isKnown)
    throw new Error(`there is none for ${platform} on ${arch}, only for Linux and macOS on x64 and arm64`)
  if (platform === 'darwin') return `darwin-${arch}`
  return `linux-${arch}-${glibc === undefined ? 'musl' : 'gnu'}`
}

/** What this process is. */
function runtime() {
  const { versions, platform, arch } = process
  return { versions, platform, arch, glibc: platform === 'linux' ? glibcVersion(process.report) : undefined }
}

/**
 * glibc's version, or undefined with musl, from the report that Node writes of itself.
 * @param {NodeJS.ProcessReport | undefined} report
 */
function glibcVersion(report) {
  if (report === undefined) return undefined
  const before = report.excludeNetwork
  report.excludeNetwork = true // else it looks up the names of open connections' peers
  try {
    return report.getReport().header.glibcVersionRuntime
  } finally {
    report.excludeNetwork = before
  }
}

module.exports = { platformOf, runtime, glibcVersion }
