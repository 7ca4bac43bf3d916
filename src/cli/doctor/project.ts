/** What a project's own files and packages have to do with it. */
import { execFile } from 'node:child_process'
import { readdir, realpath, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Finding, ill, messageOf, skipped, well } from './finding.js'

/** Two copies of one of these lose each other's metadata in silence. */
const ONLY_ONCE = ['class-validator', 'class-transformer', 'reflect-metadata', 'tsyringe']
/** Packages within packages within packages; a cycle of links must end. */
const MAX_DEPTH = 4

/** @param folder the project's, where its `node_modules` is */
export async function checkCopies(folder: string): Promise<Finding[]> {
  const copies = new Map<string, Set<string>>(ONLY_ONCE.map((name) => [name, new Set()]))
  await collect(join(folder, 'node_modules'), copies, MAX_DEPTH)
  return [...copies].map(([name, places]) => {
    if (places.size === 0) return ill(name, `it is not installed in ${folder}`, `npm install ${name}`)
    if (places.size === 1) return well(name, 'one copy')
    return ill(
      name,
      `there are ${places.size} copies: ${[...places].sort().join(', ')}; what one decorates, the other does not see`,
      `npm ls ${name} says who wants which; ask for one version that all take in package.json, then npm dedupe`,
    )
  })
}

async function collect(modules: string, copies: Map<string, Set<string>>, depth: number): Promise<void> {
  for (const name of await packagesIn(modules)) {
    const place = join(modules, name)
    if (copies.has(name)) copies.get(name)!.add(await realpath(place))
    if (depth > 0) await collect(join(place, 'node_modules'), copies, depth - 1)
  }
}

async function packagesIn(modules: string): Promise<string[]> {
  const names = await readdir(modules).catch(() => [])
  const scoped = names.filter((name) => name.startsWith('@'))
  const within = await Promise.all(
    scoped.map(async (scope) => (await readdir(join(modules, scope))).map((name) => `${scope}/${name}`)),
  )
  return [...names.filter((name) => !name.startsWith('@') && !name.startsWith('.')), ...within.flat()]
}

const NEEDED = ['experimentalDecorators', 'emitDecoratorMetadata'] as const

/** Whether the compiler emits what injection and validation read; its own word counts, with all that tsconfig extends. */
export async function checkCompiler(folder: string): Promise<Finding> {
  const check = 'compiler'
  const config = join(folder, 'tsconfig.json')
  if (!(await isThere(config))) return skipped(check, `there is no ${config}`)
  try {
    const tsc = createRequire(config).resolve('typescript/bin/tsc')
    const { stdout } = await promisify(execFile)(process.execPath, [tsc, '--showConfig', '--project', config])
    const { compilerOptions = {} } = JSON.parse(stdout) as { compilerOptions?: Record<string, unknown> }
    const missing = NEEDED.filter((name) => compilerOptions[name] !== true)
    if (missing.length === 0) return well(check, 'decorators and their metadata are emitted')
    return ill(
      check,
      `${config} has no ${missing.join(' and no ')}: handlers would get nothing injected, and requests would not be checked`,
      `in its compilerOptions: ${missing.map((name) => `"${name}": true`).join(', ')}; and compile with tsc, swc or vite 8 (esbuild and tsx emit no metadata)`,
    )
  } catch (error) {
    return ill(
      check,
      `TypeScript does not take ${config}: ${messageOf(error).split('\n')[0]}`,
      `npx tsc --showConfig --project ${config}`,
    )
  }
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
