import { isIP } from 'node:net'
import { inspect } from 'node:util'
import { LevinError } from '../errors.js'
import type { Address } from './link.js'

/** @throws LevinError CONFIG for what cannot be listened on */
export function checkListenAddress({ host, port }: Address): void {
  if (isIP(host) === 0) {
    throw new LevinError(
      'CONFIG',
      `host is ${inspect(host)}; it is an IP address of this machine, and no name: '0.0.0.0' for all, '127.0.0.1' for tests`,
    )
  }
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new LevinError(
      'CONFIG',
      `port is ${inspect(port)}; it is an integer from 0 (any that is free) to 65535`,
    )
  }
}

/** What is said when an address cannot be bound. */
export function cannotListen({ host, port }: Address, cause: unknown): LevinError {
  const fix = 'choose another port (0 for any that is free) or an address of this machine'
  // Node's words for what the native engine says plainly.
  const isTaken = (cause as NodeJS.ErrnoException | undefined)?.code === 'EADDRINUSE'
  const why = isTaken ? 'the port is taken' : LevinError.from(cause).message
  return new LevinError('CONFIG', `cannot listen on ${host} port ${port}: ${why}; ${fix}`, { cause })
}
