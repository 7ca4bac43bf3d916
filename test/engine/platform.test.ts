/** Which binary a machine needs, and where there is none. */
import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'

interface Runtime {
  readonly versions: Readonly<Record<string, string | undefined>>
  readonly platform: string
  readonly arch: string
  readonly glibc?: string
}

interface Report {
  excludeNetwork: boolean
  getReport(): { header: { glibcVersionRuntime?: string } }
}

const { platformOf, runtime, glibcVersion } = createRequire(import.meta.url)('../../engine/platform.js') as {
  platformOf(runtime: Runtime): string
  runtime(): Runtime
  glibcVersion(report: Report | undefined): string | undefined
}

const node = { node: '26.12.1', uv: '1.52.1' }
const linux = { versions: node, platform: 'linux', arch: 'x64', glibc: '2.36' }

describe('the binary', () => {
  test.each([
    [linux, 'linux-x64-gnu'],
    [{ ...linux, arch: 'arm64' }, 'linux-arm64-gnu'],
    [{ versions: node, platform: 'linux', arch: 'x64' }, 'linux-x64-musl'],
    [{ versions: node, platform: 'linux', arch: 'arm64' }, 'linux-arm64-musl'],
    [{ versions: node, platform: 'darwin', arch: 'arm64' }, 'darwin-arm64'],
    [{ versions: node, platform: 'darwin', arch: 'x64' }, 'darwin-x64'],
  ])('of %o is %s', (machine, platform) => {
    expect(platformOf(machine)).toBe(platform)
  })

  test('of this machine is one of its own system and processor', () => {
    expect(platformOf(runtime())).toMatch(new RegExp(`^${process.platform}-${process.arch}(-gnu|-musl)?$`))
  })
})

describe('there is none', () => {
  test.each([
    // Both say that they are Node as well, and Bun that it has libuv.
    ['on Bun', { ...linux, versions: { ...node, bun: '1.4.5' } }, /Bun ends the process .* libuv/],
    ['on Deno', { ...linux, versions: { ...node, deno: '2.9.6' } }, /Deno refuses to load it/],
    ['on Bun for Windows', { ...linux, platform: 'win32', versions: { bun: '1.4.5' } }, /Bun/],
    ['for Windows', { ...linux, platform: 'win32' }, /none for Windows yet: it calls libuv/],
    ['for FreeBSD', { ...linux, platform: 'freebsd' }, /none for freebsd on x64, only for Linux and macOS/],
    ['for another processor', { ...linux, arch: 'riscv64' }, /none for linux on riscv64/],
  ])('%s, and it says why', (_, machine, text) => {
    expect(() => platformOf(machine)).toThrow(text)
  })
})

describe("glibc's version", () => {
  const report = (header: { glibcVersionRuntime?: string }) => {
    const asked: boolean[] = []
    const made: Report = {
      excludeNetwork: false,
      getReport() {
        asked.push(this.excludeNetwork)
        return { header }
      },
    }
    return { made, asked }
  }

  test('is read without a look at the network, and the setting is left as it was', () => {
    const { made, asked } = report({ glibcVersionRuntime: '2.36' })
    expect(glibcVersion(made)).toBe('2.36')
    expect(asked).toEqual([true])
    expect(made.excludeNetwork).toBe(false)
  })

  test('is not there with musl', () => {
    expect(glibcVersion(report({}).made)).toBeUndefined()
  })

  test('is not there where Node writes no report', () => {
    expect(glibcVersion(undefined)).toBeUndefined()
  })
})
