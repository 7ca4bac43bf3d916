/** The licences of the crates in a binary, which must go with it. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { engineCrate, runCargo } from './cargo.mjs'

/** @param {string} triple for which it is built @returns {string} name, version, licence and its texts, of each crate */
export function thirdParty(triple) {
  const args = ['metadata', '--format-version', '1', '--locked', '--filter-platform', triple]
  const { ok, output } = runCargo(engineCrate, args, { capture: true })
  if (!ok) throw new Error('cargo cannot tell of what the engine is made, see above')
  const { packages, resolve } = JSON.parse(output)
  const byId = new Map(packages.map((crate) => [crate.id, crate]))
  const crates = [...linked(resolve)].filter((id) => id !== resolve.root).map((id) => byId.get(id))
  crates.sort((a, b) => (a.name < b.name ? -1 : 1))

  // Most have the same few texts, which are long.
  const firstWith = new Map()
  const once = (text, name) => {
    if (firstWith.has(text)) return `(the text that ${firstWith.get(text)} has)`
    firstWith.set(text, name)
    return text
  }
  const parts = crates.flatMap((crate) => {
    const name = `${crate.name} ${crate.version}`
    return [`# ${name}: ${crate.license}`, ...texts(crate).map((text) => once(text, name))]
  })
  return `${parts.join('\n\n')}\n`
}

/** Ids of what is in the binary: not what only tests or the build need. */
function linked({ root, nodes }) {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const found = new Set([root])
  for (const id of found) {
    for (const { pkg, dep_kinds } of byId.get(id).deps) {
      if (dep_kinds.some(({ kind }) => kind === null)) found.add(pkg)
    }
  }
  return found
}

function texts({ manifest_path }) {
  const folder = dirname(manifest_path)
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice|copyright)/i.test(file))
  return files.sort().map((file) => readFileSync(join(folder, file), 'utf8').trim())
}
