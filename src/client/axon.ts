import { isIP } from 'node:net'
import { inspect } from 'node:util'
import { decodeHotkey } from '../auth/ss58.js'
import { DOORS, type Door } from '../doors/door.js'
import { LevinError } from '../errors.js'

/** Where a miner answers and who it must prove to be: what the chain publishes of it. */
export interface Axon {
  /** SS58 hotkey of the miner. */
  readonly hotkey: string
  /** IPv4 or IPv6 address. */
  readonly host: string
  /** UDP port; with an HTTP door, TCP port. */
  readonly port: number
  /**
   * How it is asked. Default `quic`. By HTTP, with `btauth` or `bittensor10`, nothing is encrypted, and who answers does not
   * prove that it is this miner: whoever is on the way can read and change requests and answers. HTTPS is not spoken: the
   * chain does not say who speaks it, and has no certificate by which a miner would be known.
   */
  readonly door?: Door
}

/** @throws LevinError CONFIG for an axon that cannot be dialled */
export function checkAxon({ hotkey, host, port, door }: Axon): void {
  decodeHotkey(hotkey)
  if (door !== undefined && !DOORS.includes(door)) {
    throw new LevinError('CONFIG', `the axon's door is ${inspect(door)}; it is one of ${DOORS.join(', ')}`)
  }
  if (isIP(host) === 0) {
    throw new LevinError(
      'CONFIG',
      `the axon's host is ${inspect(host)}; it is an IP address, so look a name up first (node:dns)`,
    )
  }
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new LevinError(
      'CONFIG',
      `the axon's port is ${inspect(port)}; it is the number of a port, from 1 to 65535`,
    )
  }
}
