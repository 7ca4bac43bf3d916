/** The files of a new project, from `templates/project`. */
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LevinError } from '../../errors.js'

/** As it lies in the package, beside `dist`. */
const TEMPLATE = fileURLToPath(new URL('../../../templates/project/', import.meta.url))

/** npm leaves these out of a package, or takes them for its own, under their true names. */
const RENAMED: Readonly<Record<string, string>> = { gitignore: '.gitignore', dockerignore: '.dockerignore' }

interface Manifest {
  readonly name?: string
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

/**
 * Writes the project. A `package.json` that is there, as `npm install levin` made it, is kept and completed.
 * @returns the files' names
 * @throws LevinError CONFIG when there is one of the files already: nothing is written then
 */
export async function writeProject(folder: string): Promise<string[]> {
  const names = await filesIn(TEMPLATE)
  const targets = names.map((name) => ({ from: join(TEMPLATE, name), name: RENAMED[name] ?? name }))
  const taken: string[] = []
  for (const { name } of targets)
    if (name !== MANIFEST && (await isThere(join(folder, name)))) taken.push(name)
  if (taken.length > 0) {
    throw new LevinError(
      'CONFIG',
      `${resolve(folder)} has ${taken.join(', ')} already, and nothing is written over: choose an empty folder, levin init FOLDER`,
    )
  }
  const manifest = await completed(folder)
  for (const { from, name } of targets) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    if (name !== MANIFEST) await writeFile(join(folder, name), await readFile(from), { flag: 'wx' })
  }
  await writeFile(join(folder, MANIFEST), `${JSON.stringify(manifest, undefined, 2)}\n`)
  return targets.map(({ name }) => name)
}

const MANIFEST = 'package.json'

/** What is there counts more, but for `type` and the test that `npm init` writes, which fails. */
async function completed(folder: string): Promise<Manifest> {
  const template = await manifestIn(TEMPLATE)
  const given = (await isThere(join(folder, MANIFEST))) ? await manifestIn(folder) : {}
  const { test, ...scripts } = given.scripts ?? {}
  const ownTest = test === undefined || test.includes('no test specified') ? {} : { test }
  const levin = (await manifestIn(join(TEMPLATE, '..', '..'))) as { readonly version: string }
  return {
    ...template,
    name: nameOf(folder),
    ...given,
    ...{ type: 'module' },
    scripts: { ...template.scripts, ...scripts, ...ownTest },
    dependencies: { ...template.dependencies, levin: `^${levin.version}`, ...given.dependencies },
    devDependencies: { ...template.devDependencies, ...given.devDependencies },
  }
}

/** What npm takes for a name. */
const nameOf = (folder: string): string =>
  basename(resolve(folder))
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '') || 'my-subnet'

async function manifestIn(folder: string): Promise<Manifest> {
  const path = join(folder, MANIFEST)
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Manifest
  } catch (error) {
    throw new LevinError('CONFIG', `${path} cannot be read: ${LevinError.from(error).message}`)
  }
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length))
    .sort()
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
