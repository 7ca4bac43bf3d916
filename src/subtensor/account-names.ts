import { encodeHotkey } from '../auth/ss58.js'

/** SS58 addresses of public keys, remembered while they are used: making one takes longer than all the rest of a sync. */
export class AccountNames {
  #known: ReadonlyMap<string, string> = new Map()
  #used = new Map<string, string>()

  /** @param key 32 bytes */
  of(key: Buffer): string {
    const bytes = key.toString('latin1')
    const name = this.#known.get(bytes) ?? this.#used.get(bytes) ?? encodeHotkey(key)
    this.#used.set(bytes, name)
    return name
  }

  /** Forgets those that were not asked for since the last time. */
  forgetUnused(): void {
    this.#known = this.#used
    this.#used = new Map()
  }
}
