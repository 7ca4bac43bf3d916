// npm run release -- 0.2.0: makes a version of what is under the topmost heading of CHANGELOG.md. It writes the number
// wherever one stands, commits, and tags. The tag, once it is pushed, is what publishes: .github/workflows/release.yml.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const [version = ''] = process.argv.slice(2)
const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim()
const fail = (message) => {
  console.error(message)
  process.exit(1)
}

if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) {
  fail(`'${version}' is no version: write npm run release -- 0.2.0`)
}
if (git('status', '--porcelain') !== '') fail('there are changes that are not committed: commit them first')
if (git('tag', '--list', `v${version}`) !== '')
  fail(`there is a version ${version} already: choose another number`)

const changelog = readFileSync('CHANGELOG.md', 'utf8')
const [heading, section] = /^## .*, unreleased\n([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(changelog) ?? []
if (heading === undefined || section.trim() === '') {
  fail("CHANGELOG.md has nothing under a heading '## ..., unreleased': write there what users should know")
}
const today = new Date().toISOString().slice(0, 10)
writeFileSync('CHANGELOG.md', changelog.replace(heading, `## ${version}, ${today}\n${section}`))

edit('package.json', (manifest) => {
  manifest.version = version
  manifest.optionalDependencies['levin-engine'] = version
})
edit('engine/package.json', (manifest) => {
  manifest.version = version
})
edit('package-lock.json', (lock) => {
  lock.version = version
  lock.packages[''].version = version
  lock.packages[''].optionalDependencies['levin-engine'] = version
  lock.packages.engine.version = version
})

// the addon says its version, and one that differs from the package's is not loaded
replace('engine/Cargo.toml', /^version = ".*"$/m, `version = "${version}"`)
replace('engine/Cargo.lock', /(?<=^name = "levin-engine"\nversion = ").*(?="$)/m, version)

git('commit', '--quiet', '--all', '--message', `Release ${version}`)
git('tag', '--annotate', `v${version}`, '--message', `Release ${version}`)
console.log(`v${version} is committed and tagged. To publish it: git push --follow-tags`)

function replace(file, pattern, text) {
  writeFileSync(file, readFileSync(file, 'utf8').replace(pattern, text))
}

function edit(file, change) {
  const content = JSON.parse(readFileSync(file, 'utf8'))
  change(content)
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`)
}
