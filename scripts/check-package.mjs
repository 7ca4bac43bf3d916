// What npm would publish, looked at as users' tools do: publint (the manifest, and the files that it names), arethetypeswrong
// (what each kind of module resolution finds), and a list of what may be in the tarball. It is built and packed in a folder
// of its own, since `dist` may hold what an older build left, and may be in use.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

/** What a user needs: compiled code with its types, the page of the monitor, what `levin init` writes, the docs, and what npm adds. */
const BELONGS = [
  /^(package\.json|README\.md|CHANGELOG\.md|LICENSE)$/,
  /^dist\/[\w/-]+\.(js|d\.ts)$/,
  /^assets\/[\w/-]+\.(css|html|js)$/,
  /^templates\/project\/((src|test)\/[\w.-]+\.ts|[\w.-]+)$/,
  /^docs\/[\w/-]+\.(md|svg|png|json)$/,
]

/** Levin is ESM alone, for Node's own resolution and that of bundlers; `require` of ESM works on each Node that it runs on. */
const NOT_OURS = ['node10', 'node16-cjs']

const folder = mkdtempSync(join(tmpdir(), 'levin-pack-'))
try {
  const { paths, tarball } = pack()
  const strays = paths.filter((path) => !BELONGS.some((pattern) => pattern.test(path)))
  const faults = [
    ...strays.map((path) => `${path} is packed, and does not belong to what users get`),
    ...(await lint(tarball)),
    ...(await wrongTypes(tarball)),
  ]
  for (const fault of faults) console.error(fault)
  if (faults.length > 0) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true })
}

function pack() {
  const { files } = JSON.parse(readFileSync('package.json', 'utf8'))
  for (const part of ['package.json', ...files.filter((name) => name !== 'dist')]) {
    cpSync(part, join(folder, part), { recursive: true })
  }
  run('npx', ['tsc', '-p', 'tsconfig.build.json', '--outDir', join(folder, 'dist')], '.')
  const [{ filename, files: packed }] = JSON.parse(run('npm', ['pack', '--ignore-scripts', '--json'], folder))
  return { paths: packed.map(({ path }) => path), tarball: readFileSync(join(folder, filename)) }
}

function run(command, args, cwd) {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

async function lint(tarball) {
  const { buffer, byteOffset, byteLength } = tarball
  const { messages, pkg } = await publint({
    pack: { tarball: buffer.slice(byteOffset, byteOffset + byteLength) },
    strict: true,
  })
  return messages.map((message) => `publint: ${formatMessage(message, pkg)}`)
}

async function wrongTypes(tarball) {
  const { problems } = await checkPackage(createPackageFromTarballData(new Uint8Array(tarball)))
  return (problems ?? [])
    .filter(({ resolutionKind, resolutionOption }) => !NOT_OURS.includes(resolutionKind ?? resolutionOption))
    .map((problem) => `arethetypeswrong: ${JSON.stringify(problem)}`)
}
