/** The package as npm would publish it, in a project of a user who has just installed it. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const installed = join(root, 'node_modules')

/**
 * Packs the package and unpacks it into a new folder, beside links to all that is installed here: nothing is downloaded.
 * It needs a build, as packing does.
 * @param without packages that this user did not install
 * @returns the project's folder, for the caller to remove
 */
export function newProject(...without: readonly string[]): string {
  const project = mkdtempSync(join(tmpdir(), 'levin-project-'))
  const modules = join(project, 'node_modules')
  const levin = join(modules, 'levin')
  mkdirSync(levin, { recursive: true })
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', project]
  const tarball = execFileSync('npm', pack, { cwd: root, encoding: 'utf8' }).trim()
  execFileSync('tar', ['-xzf', join(project, tarball), '-C', levin, '--strip-components=1'])
  for (const name of packages()) {
    if (name === 'levin' || without.includes(name)) continue
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(installed, name), join(modules, name))
  }
  return project
}

/** Names of all that is installed, those with a scope as `@scope/name`. */
function packages(): string[] {
  const names = readdirSync(installed).filter((name) => !name.startsWith('.'))
  return names.flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(installed, name)).map((inner) => `${name}/${inner}`) : [name],
  )
}
