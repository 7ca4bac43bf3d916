/** What cargo prints, understood; and what is said where it is not to be had. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'

const script = (name: string) => import(new URL(`../../scripts/${name}.mjs`, import.meta.url).href)
const { isAtLeast } = (await script('cargo')) as { isAtLeast(version: string, needed: string): boolean }
const { libraryIn } = (await script('library-in')) as { libraryIn(messages: string): string }

test.each([
  ['cargo 1.95.0 (f2d3ce0bd 2026-03-21)', '1.88', true],
  ['cargo 1.88.0', '1.88', true],
  ['cargo 1.88.0', '1.88.0', true],
  ['cargo 1.87.1 (2024-01-01)', '1.88', false],
  ['cargo 1.9.0', '1.88', false],
  ['cargo 2.0.0-nightly', '1.88', true],
  ['no number', '1.88', false],
])('%s is at least %s: %s', (version, needed, expected) => {
  expect(isAtLeast(version, needed)).toBe(expected)
})

const message = (reason: string, name: string, filenames: string[]) =>
  JSON.stringify({ reason, target: { name }, filenames })

test('the library is where cargo says', () => {
  const messages = [
    message('compiler-artifact', 'libc', ['/target/liblibc.rlib']),
    JSON.stringify({ reason: 'build-script-executed' }),
    message('compiler-artifact', 'levin_engine', [
      '/target/release/liblevin_engine.rlib',
      '/target/release/liblevin_engine.so',
    ]),
    'a line that is no message',
    JSON.stringify({ reason: 'build-finished', success: true }),
    '',
  ]
  expect(libraryIn(messages.join('\n'))).toBe('/target/release/liblevin_engine.so')
})

test('none was built', () => {
  expect(() => libraryIn(message('compiler-artifact', 'levin_engine', ['/a.rlib']))).toThrow('no library')
})

describe('where cargo is not enough', () => {
  const path = mkdtempSync(join(tmpdir(), 'levin-path-'))
  afterAll(() => rmSync(path, { recursive: true }))

  const run = (name: string, env: Record<string, string> = {}) => {
    const file = fileURLToPath(new URL(`../../scripts/${name}.mjs`, import.meta.url))
    const { status, stderr } = spawnSync(process.execPath, [file], {
      env: { PATH: path, ...env },
      encoding: 'utf8',
    })
    return { status, stderr }
  }
  const cargo = (lines: string) => {
    writeFileSync(join(path, 'cargo'), `#!/bin/sh\n${lines}\n`)
    chmodSync(join(path, 'cargo'), 0o755)
  }

  test.each([
    ['check-rust', 'the check of Rust (fmt, clippy)'],
    ['test-engine', "the engine's own tests"],
  ])('%s says so and goes on, and in CI it fails', (name, step) => {
    expect(run(name)).toEqual({
      status: 0,
      stderr: expect.stringContaining(`${step} is left out: cargo, Rust`),
    })
    expect(run(name, { CI: 'true' })).toEqual({
      status: 1,
      stderr: expect.stringContaining(`${step}: cargo, Rust's build tool, is not here: get it from`),
    })
  })

  test('building says where to get it, and that Levin works without', () => {
    const { status, stderr } = run('build-engine')
    expect(status).toBe(1)
    expect(stderr).toMatch(
      /^build:engine: cargo, .* is not here: get it from .*\(Levin works without it, on quiche\)$/m,
    )
  })

  test('one that is too old is named, and what is needed', () => {
    cargo('echo cargo 1.70.0')
    expect(run('build-engine').stderr).toMatch(/cargo 1\.70\.0 is too old, 1\.\d+ or newer is needed/)
  })

  test('one that does not run is heard', () => {
    cargo('echo no default toolchain >&2; exit 1')
    expect(run('build-engine').stderr).toContain('cargo does not run: no default toolchain')
  })

  test('a part that is not installed is named', () => {
    cargo('[ "$1" = --version ] && echo cargo 99.0.0')
    expect(run('check-rust').stderr).toContain(
      'cargo fmt is not here: with rustup, rustup component add rustfmt',
    )
  })
})
