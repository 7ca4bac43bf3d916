/**
 * The engine's library among what cargo built: only cargo knows in which folder it lies.
 * @param {string} messages what cargo printed with `--message-format json`
 * @returns {string} path
 */
export function libraryIn(messages) {
  for (const line of messages.split('\n')) {
    if (!line.startsWith('{')) continue
    const { reason, target, filenames = [] } = JSON.parse(line)
    if (reason !== 'compiler-artifact' || target.name !== 'levin_engine') continue
    const library = filenames.find((file) => /\.(so|dylib)$/.test(file))
    if (library !== undefined) return library
  }
  throw new Error('cargo built no library')
}
