import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { type Signer, seedSigner } from '../auth/signer.js'
import { parseHotkey } from '../auth/ss58.js'
import { LevinError } from '../errors.js'

/** Seeds of Substrate's development accounts, `//Alice` and so on, which its chains and tools know as well. */
const DEVELOPMENT_SEEDS: Readonly<Record<string, string>> = {
  alice: '0xe5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a',
  bob: '0x398f0c28f98885e046333d4a41c19cee4c37368a9832c6502f6cfd182e2aef89',
  charlie: '0xbc1ede780f784bb6991a585e4f6e61522c14e1cae6ad0895fb57b9a205a8f938',
  dave: '0x868020ae0687dda7d57565093a69090211449845a7e11453612800b663307246',
  eve: '0x786ad0e2df456fe43dd1f91ebca22e235bc162e0bb8d53c633e8c85b2af68b7a',
  ferdie: '0x42438b7883391c05512a938e36c2df0131e088b3756d6aa7a755fbff19d2f842',
}

const made = new Map<string, Signer>()

/**
 * The key with this name, always the same one. Everybody knows it: for tests alone.
 * @param name `alice`, `bob`, `charlie`, `dave`, `eve` and `ferdie` are Substrate's development accounts; any other
 *   text, such as `validator 7`, has a key of its own
 * @throws LevinError CONFIG for no text, and for an SS58 address, which is no name
 */
export function testKey(name: string): Signer {
  if (typeof name !== 'string' || name === '') {
    throw new LevinError('CONFIG', "testKey takes a name, as in testKey('alice')")
  }
  if (parseHotkey(name) !== undefined) {
    throw new LevinError(
      'CONFIG',
      `testKey takes a name, and ${name} is a hotkey: write { hotkey } where one is wanted`,
    )
  }
  let signer = made.get(name)
  if (signer === undefined) {
    signer = seedSigner(seedOf(name))
    made.set(name, signer)
  }
  return signer
}

const seedOf = (name: string): string | Uint8Array =>
  Object.hasOwn(DEVELOPMENT_SEEDS, name)
    ? DEVELOPMENT_SEEDS[name]!
    : createHash('sha256')
        .update(Buffer.from(`levin/testing ${name}`))
        .digest()

/** Somebody in a test: the name of a test key, or whatever has a hotkey. */
export type Who = string | { readonly hotkey: string }

export const hotkeyOf = (who: Who): string => (typeof who === 'string' ? testKey(who).hotkey : who.hotkey)

/** An address for each validator, so that limits by address do not take all of a test's for one. */
export function validatorHost(hotkey: string): string {
  const [a, b, c] = createHash('sha256').update(hotkey).digest()
  return `10.${a}.${b}.${c}`
}

/**
 * Where a test's miners are, each on a port of its own: one of the addresses that the open internet can reach, as
 * `validator.follow` wants it of a miner, and where what is sent by mistake is thrown away (RFC 7535, section 3.4).
 */
export const MINER_HOST = '192.31.196.1'
