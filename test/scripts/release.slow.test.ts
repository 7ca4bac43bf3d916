/** A release, made in a clone of what it changes. */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const FILES = [
  'package.json',
  'package-lock.json',
  'engine/package.json',
  'engine/Cargo.toml',
  'engine/Cargo.lock',
]
let clone: string

const git = (...args: string[]): string => execFileSync('git', args, { cwd: clone, encoding: 'utf8' }).trim()
const read = (file: string): string => readFileSync(join(clone, file), 'utf8')
const release = (version: string) => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/release.mjs'), version], {
    cwd: clone,
    encoding: 'utf8',
  })
  return { status, stderr: stderr.trim() }
}

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'levin-release-'))
  mkdirSync(join(clone, 'engine'))
  for (const file of FILES) cpSync(join(root, file), join(clone, file))
  writeFileSync(
    join(clone, 'CHANGELOG.md'),
    '# Changelog\n\n## 0.3.0, unreleased\n\n- A thing.\n\n## 0.2.9, 2026-01-02\n\n- Old.\n',
  )
  git('init', '--quiet')
  git('config', 'user.name', 'a test')
  git('config', 'user.email', 'test@example.org')
  git('add', '.')
  git('commit', '--quiet', '--message', 'all')
})

afterEach(() => rmSync(clone, { recursive: true }))

test('writes the number wherever one stands, closes the changelog, commits and tags', () => {
  expect(release('0.3.1')).toEqual({ status: 0, stderr: '' })
  const manifest = JSON.parse(read('package.json'))
  const lock = JSON.parse(read('package-lock.json'))
  expect([
    manifest.version,
    manifest.optionalDependencies['levin-engine'],
    JSON.parse(read('engine/package.json')).version,
    lock.version,
    lock.packages[''].version,
    lock.packages[''].optionalDependencies['levin-engine'],
    lock.packages.engine.version,
    /^version = "(.*)"$/m.exec(read('engine/Cargo.toml'))![1],
    /name = "levin-engine"\nversion = "(.*)"/.exec(read('engine/Cargo.lock'))![1],
  ]).toEqual(Array(9).fill('0.3.1'))
  expect(read('CHANGELOG.md')).toMatch(
    /^# Changelog\n\n## 0\.3\.1, \d{4}-\d\d-\d\d\n\n- A thing\.\n\n## 0\.2\.9/,
  )
  expect([git('status', '--porcelain'), git('tag', '--points-at', 'HEAD')]).toEqual(['', 'v0.3.1'])
})

test('changes nothing but the numbers', () => {
  release('0.3.1')
  const changed = git('diff', '--numstat', 'HEAD~1', 'HEAD', '--', ...FILES)
  expect(changed.split('\n').map((line) => line.split('\t'))).toEqual([
    ['1', '1', 'engine/Cargo.lock'],
    ['1', '1', 'engine/Cargo.toml'],
    ['1', '1', 'engine/package.json'],
    ['4', '4', 'package-lock.json'],
    ['2', '2', 'package.json'],
  ])
})

test('refuses what is no version, a tree with changes, a tag that is there, and a release without news', () => {
  expect(release('next').stderr).toBe("'next' is no version: write npm run release -- 0.2.0")
  git('tag', 'v0.3.1')
  expect(release('0.3.1').stderr).toBe('there is a version 0.3.1 already: choose another number')
  writeFileSync(
    join(clone, 'CHANGELOG.md'),
    '# Changelog\n\n## 0.3.0, unreleased\n\n## 0.2.9, 2026-01-02\n\n- Old.\n',
  )
  expect(release('0.3.2').stderr).toBe('there are changes that are not committed: commit them first')
  git('commit', '--quiet', '--all', '--message', 'nothing new')
  expect(release('0.3.2')).toEqual({
    status: 1,
    stderr:
      "CHANGELOG.md has nothing under a heading '## ..., unreleased': write there what users should know",
  })
})
