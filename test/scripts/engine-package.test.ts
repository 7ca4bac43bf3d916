/** What is published of the engine. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'

interface Manifest extends Readonly<Record<string, unknown>> {
  readonly version: string
}

interface Target {
  readonly platform: string
  readonly os: string
  readonly cpu: string
  readonly libc?: string
}

const script = (name: string) => import(new URL(`../../scripts/${name}.mjs`, import.meta.url).href)
const { platformManifest, mainManifest } = (await script('engine-package')) as {
  platformManifest(target: Target, main: Manifest): Manifest
  mainManifest(main: Manifest, targets: readonly Target[]): Manifest
}
const { TARGETS } = (await script('engine-targets')) as { TARGETS: readonly Target[] }

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
const main = JSON.parse(read('engine/package.json')) as Manifest
const { platformOf } = createRequire(import.meta.url)('../../engine/platform.js') as {
  platformOf(runtime: object): string
}

test('the package, the crate and what levin asks for are of one version', () => {
  const levin = JSON.parse(read('package.json'))
  const crate = /^\[package\][^[]*^version = "([^"]+)"/m.exec(read('engine/Cargo.toml'))
  const lock = /name = "levin-engine"\nversion = "([^"]+)"/.exec(read('engine/Cargo.lock'))
  expect([levin.optionalDependencies['levin-engine'], crate?.[1], lock?.[1]]).toEqual(
    Array(3).fill(main.version),
  )
})

describe.each(TARGETS)('the package for $platform', (target) => {
  const manifest = platformManifest(target, main)

  test('is the one that the loader looks for on such a machine', () => {
    const platform = platformOf({
      versions: {},
      platform: target.os,
      arch: target.cpu,
      glibc: target.libc === 'glibc' ? '2.17' : undefined,
    })
    expect(manifest).toMatchObject({
      name: `levin-engine-${platform}`,
      version: main.version,
      main: `levin-engine.${platform}.node`,
    })
  })

  test('says where it fits, so that npm installs no other', () => {
    expect(manifest).toMatchObject({ os: [target.os], cpu: [target.cpu] })
    expect(manifest.libc).toEqual(target.libc && [target.libc])
  })
})

describe('levin-engine', () => {
  test('asks for the very version of each binary that was built, and can be published', () => {
    const manifest = mainManifest(main, TARGETS.slice(0, 2))
    expect(manifest.optionalDependencies).toEqual({
      'levin-engine-linux-x64-gnu': main.version,
      'levin-engine-linux-arm64-gnu': main.version,
    })
    expect(manifest).not.toHaveProperty('private')
  })

  test('cannot be published from the clone, where it asks for none', () => {
    expect(main).toMatchObject({ private: true })
    expect(main).not.toHaveProperty('optionalDependencies')
  })

  test('has every file that its loader needs', () => {
    const needed = [...read('engine/index.js').matchAll(/require\('\.\/([^']+)'\)/g)].map(([, file]) => file)
    expect(needed.length).toBeGreaterThan(1)
    expect([...(main.files as string[]), 'package.json']).toEqual(expect.arrayContaining(needed))
  })
})
