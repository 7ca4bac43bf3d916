/** Which binary is loaded, and what is said when there is none that fits. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

interface Machine {
  readonly runtime: { versions: Record<string, string>; platform: string; arch: string; glibc?: string }
  readonly folder: string
  readonly version: string
  exists(path: string): boolean
  require(name: string): unknown
}

const require = createRequire(import.meta.url)
const { load } = require('../../engine/load.js') as { load(machine: Machine): unknown }

const FOLDER = join('/', 'engine')
const LOCAL = join(FOLDER, 'levin-engine.linux-x64-gnu.node')
const PACKAGE = 'levin-engine-linux-x64-gnu'
const addon = (version: string) => ({ version: () => version })

/** Node on Linux x64 with glibc, whose modules are these; an Error among them is thrown when it is loaded. */
function machine(modules: Record<string, unknown>, { clone = false, bun = false } = {}) {
  const loaded: string[] = []
  const made: Machine = {
    runtime: {
      versions: { node: '26.12.1', ...(bun && { bun: '1.4.5' }) },
      platform: 'linux',
      arch: 'x64',
      glibc: '2.36',
    },
    folder: FOLDER,
    version: '0.1.0',
    exists: (path) => path in modules || (clone && path === join(FOLDER, 'Cargo.toml')),
    require(name) {
      loaded.push(name)
      if (!(name in modules)) {
        throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' })
      }
      if (modules[name] instanceof Error) throw modules[name]
      return modules[name]
    },
  }
  return { made, loaded }
}

test('what was built here comes before the package', () => {
  const here = addon('0.1.0')
  expect(load(machine({ [LOCAL]: here, [PACKAGE]: addon('0.1.0') }).made)).toBe(here)
})

test("without it, the platform's package is taken", () => {
  const installed = addon('0.1.0')
  expect(load(machine({ [PACKAGE]: installed }).made)).toBe(installed)
})

describe('without a binary', () => {
  test('it says what was tried, and which package to install', () => {
    expect(() => load(machine({}).made)).toThrow(
      `there is no binary for linux-x64-gnu: neither ${LOCAL} nor the package ${PACKAGE}; ` +
        `install ${PACKAGE}@0.1.0 (an optional dependency)`,
    )
  })

  test('in a clone, it says how to build one', () => {
    expect(() => load(machine({}, { clone: true }).made)).toThrow(
      `build it here, npm run build:engine, or install ${PACKAGE}@0.1.0`,
    )
  })

  test('nothing is loaded where it cannot run', () => {
    const { made, loaded } = machine({ [LOCAL]: addon('0.1.0') }, { bun: true })
    expect(() => load(made)).toThrow('Bun')
    expect(loaded).toEqual([])
  })
})

describe('a binary that does not fit', () => {
  test.each([
    ['built in a clone', { [LOCAL]: addon('0.0.9') }, true, `${LOCAL} is 0.0.9`, 'npm run build:engine'],
    ['left beside the package', { [LOCAL]: addon('0.0.9') }, false, `${LOCAL} is 0.0.9`, 'remove it'],
    ['installed', { [PACKAGE]: addon('0.2.0') }, false, `${PACKAGE} is 0.2.0`, `install ${PACKAGE}@0.1.0`],
    ['that does not say its version', { [PACKAGE]: {} }, false, `${PACKAGE} is of no version`, 'install'],
  ])('%s: both versions are named, and what to do', (_, modules, clone, found, fix) => {
    const attempt = () => load(machine(modules, { clone }).made)
    expect(attempt).toThrow(`${found}, and 0.1.0 is needed; `)
    expect(attempt).toThrow(fix)
  })

  test('one that is wrong here is not passed over for one that is right', () => {
    expect(() => load(machine({ [LOCAL]: addon('0.0.9'), [PACKAGE]: addon('0.1.0') }).made)).toThrow('0.0.9')
  })

  test.each([LOCAL, PACKAGE])('%s that the system refuses: its words are kept', (place) => {
    const refusal = Object.assign(new Error("version `GLIBC_2.38' not found"), { code: 'ERR_DLOPEN_FAILED' })
    expect(() => load(machine({ [place]: refusal }).made)).toThrow(
      `the binary ${place} does not load: version \`GLIBC_2.38' not found; `,
    )
  })

  test('a file that is no binary is told of by the real loader', () => {
    const place = fileURLToPath(new URL('../../engine/Cargo.toml', import.meta.url))
    const { made } = machine({ [PACKAGE]: undefined })
    const real = { ...made, require: () => process.dlopen({ exports: {} }, place) }
    expect(() => load(real)).toThrow(`the binary ${PACKAGE} does not load: `)
  })
})
