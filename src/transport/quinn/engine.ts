import type { Engine } from '../engine.js'
import { loadAddon } from './addon.js'
import { QuinnDialler } from './dialler.js'
import { QuinnListener } from './listener.js'

/**
 * quinn-proto on Node's own event loop, in the native module `levin-engine`.
 * @throws LevinError CONFIG when that is not there or does not fit, saying what to do
 */
export function loadQuinn(): Engine {
  const addon = loadAddon()
  return {
    name: 'quinn',
    sr25519: addon,
    listen: async (options) => new QuinnListener(addon, options),
    dialler: (options) => new QuinnDialler(addon, options),
  }
}
