// What npm would publish, looked at as a user's tools do: publint (the manifest and the files that it names), arethetypeswrong
// (what each kind of module resolution finds), and a list of what may be in the tarball.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

/** What a user needs: compiled code with its types, the docs, and what npm itself adds. */
const BELONGS = [
  /^(package\.json|README\.md|CHANGELOG\.md|LICENSE)$/,
  /^dist\/[\w/-]+\.(js|d\.ts)$/,
  /^docs\/[\w-]+\.(md|svg)$/,
]

/** Levin is ESM alone, for Node's own resolution and that of bundlers; `require` of ESM works on each Node that it runs on. */
const NOT_OURS = ['node10', 'node16-cjs']

/** An old folder has hundreds of strays. */
const MOST_SHOWN = 20

const folder = mkdtempSync(join(tmpdir(), 'levin-pack-'))
try {
  // Not npm's own `prepack`: no script runs at a user's, so none here.
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' })
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
  const [{ filename, files }] = JSON.parse(
    execFileSync('npm', pack, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  )
  const tarball = readFileSync(join(folder, filename))
  const faults = [
    ...strays(files.map(({ path }) => path)),
    ...(await lint(tarball)),
    ...(await wrongTypes(tarball)),
  ]
  for (const fault of faults.slice(0, MOST_SHOWN)) console.error(fault)
  if (faults.length > MOST_SHOWN) console.error(`and ${faults.length - MOST_SHOWN} more`)
  if (faults.length > 0) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true })
}

function strays(paths) {
  return paths.flatMap((path) => {
    if (!BELONGS.some((pattern) => pattern.test(path))) {
      return [`${path} is packed, and does not belong to what users get (from an older build? remove dist)`]
    }
    // what an older build left behind
    const source = path.replace(/^dist\//, 'src/').replace(/(\.d\.ts|\.js)$/, '.ts')
    return path.startsWith('dist/') && !existsSync(source)
      ? [`${path} is packed, and there is no ${source}: remove dist, and build again`]
      : []
  })
}

async function lint(tarball) {
  const { messages, pkg } = await publint({ pack: { tarball: arrayBufferOf(tarball) }, strict: true })
  return messages.map((message) => `publint: ${formatMessage(message, pkg)}`)
}

async function wrongTypes(tarball) {
  const { problems } = await checkPackage(createPackageFromTarballData(new Uint8Array(tarball)))
  return (problems ?? [])
    .filter(({ resolutionKind, resolutionOption }) => !NOT_OURS.includes(resolutionKind ?? resolutionOption))
    .map((problem) => `arethetypeswrong: ${JSON.stringify(problem)}`)
}

function arrayBufferOf({ buffer, byteOffset, byteLength }) {
  return buffer.slice(byteOffset, byteOffset + byteLength)
}
