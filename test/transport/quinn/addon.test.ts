/** What is said when the native engine's package is not there, or is another version's. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { loadAddon } from '../../../src/transport/quinn/addon.js'

const { optionalDependencies } = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
)
const version: string = optionalDependencies['levin-engine']

test('the version that levin asks npm for is taken', () => {
  const addon = { version: () => version }
  expect(loadAddon(() => addon)).toBe(addon)
})

test('another is refused, and both are named', () => {
  expect(() => loadAddon(() => ({ version: () => '99.0.0' }))).toThrow(
    `levin-engine is 99.0.0, and ${version} is needed; npm install levin-engine@${version}`,
  )
})

test('a package that is not installed is told of in one line, with what to do', () => {
  const refused = Object.assign(new Error("Cannot find module 'levin-engine'\nRequire stack:\n- addon.js"), {
    code: 'MODULE_NOT_FOUND',
  })
  const attempt = () =>
    loadAddon(() => {
      throw refused
    })
  const text = `the native engine cannot be loaded: levin-engine is not installed; npm install levin-engine@${version}`
  expect(attempt).toThrow(new RegExp(`^${text}$`))
})

test("the package's own words are kept", () => {
  const attempt = () =>
    loadAddon(() => {
      throw new Error('there is no binary for linux-x64-musl')
    })
  expect(attempt).toThrow('the native engine cannot be loaded: there is no binary for linux-x64-musl')
})
