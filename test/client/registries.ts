/** A registry, and what is asked of it. */
import { expect } from 'vitest'
import { type Closing, Registry } from '../../src/client/registry.js'
import { type Axon, LevinError } from '../../src/index.js'

const reconnecting = {
  firstMs: 1000,
  mostMs: 60_000,
  fastTries: 5,
  probeMs: 60_000,
  jitter: 0.2,
  background: false,
}
export const registry = (maxConnections = 1024) => new Registry({ reconnecting, maxConnections })
export const axon = (hotkey: string, port = 1): Axon => ({ hotkey, host: '192.0.2.1', port })
export const idle = () => false
export const refused = new LevinError('HANDSHAKE_REFUSED', 'refused')
export const code = (code: string) => expect.objectContaining({ code })
export const told = (closings: readonly Closing[]) =>
  closings.map(({ address, reason }) => [address.port, reason])
