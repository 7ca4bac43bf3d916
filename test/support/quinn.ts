/** The native engine, for the tests that need it: it is built by `npm run build:engine`, and there in CI. */
import { describe } from 'vitest'
import { LevinError } from '../../src/errors.js'
import { type Addon, loadAddon } from '../../src/transport/quinn/addon.js'

function load(): Addon | string {
  try {
    return loadAddon()
  } catch (error) {
    if (process.env.CI !== undefined) throw error
    return LevinError.from(error).message
  }
}

const loaded = load()

/** A group of tests that is skipped, and says why, where the native engine is not there. */
export const describeQuinn = (name: string, tests: (addon: Addon) => void): void => {
  if (typeof loaded === 'string') describe.skip(`${name} (${loaded})`, () => {})
  else describe(name, () => tests(loaded))
}
