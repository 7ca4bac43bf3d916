/** Peers as tests want them: there, or left out by name. */
import { describe, test } from 'vitest'
import { missingTools, type PeerName } from './build.js'

/**
 * What `prepare` gives, or undefined where a tool that the peer needs is missing: then its suite is skipped by name.
 * @throws in CI, where nothing is skipped
 */
export async function available<T>(name: PeerName, prepare: () => Promise<T>): Promise<T | undefined> {
  const missing = missingTools(name)
  if (missing.length === 0) return prepare()
  if (process.env.CI) throw new Error(`the ${name} peer needs ${missing.join(', ')}`)
  describe.skip(`the ${name} peer, skipped because this machine has no ${missing.join(', ')}`, () =>
    test('is tried'))
  return undefined
}
