import { isIP } from 'node:net'

/**
 * Whether a request was meant for us. A page from elsewhere can have its own name lead to 127.0.0.1 and then read what
 * is there as if it were its own (DNS rebinding); its browser then sends that name. An address cannot be rebound.
 * @param host the header
 */
export function isOurs(host: string | undefined, allowedHosts: readonly string[]): boolean {
  const name = /^(?:\[([\da-fA-F:.]+)\]|([^:[\]/@]+))(?::\d{1,5})?$/.exec(host ?? '')
  if (name === null) return false
  const [, v6, other = ''] = name
  if (v6 !== undefined) return isIP(v6) === 6
  const lower = other.toLowerCase()
  return isIP(lower) === 4 || lower === 'localhost' || allowedHosts.includes(lower)
}
