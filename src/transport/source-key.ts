const GROUPS = 8
/** A subscriber is given a /64 (RFC 6177) and may use any of its addresses: the four leading groups say who it is. */
const NETWORK_GROUPS = 4
const MAPPED_PREFIX = '0:0:0:0:0:ffff'

/**
 * Who an address counts as in every limit that is kept for each source: an IPv4 address is itself, however it is
 * written (`::ffff:192.0.2.1` too), and an IPv6 address is its /64.
 *
 * @param host an IP address, as a socket reports it; anything else is its own key
 */
export function sourceKey(host: string): string {
  if (!host.includes(':')) return host
  const zone = host.indexOf('%')
  const address = (zone < 0 ? host : host.slice(0, zone)).toLowerCase()
  const dotted = address.lastIndexOf(':') + 1
  const groups = expand(
    address.includes('.') ? address.slice(0, dotted) + hexGroups(address.slice(dotted)) : address,
  )
  if (groups.length !== GROUPS) return host
  if (groups.slice(0, 6).join(':') === MAPPED_PREFIX) return dottedQuad(groups[6]!, groups[7]!)
  return `${groups.slice(0, NETWORK_GROUPS).join(':')}::/64`
}

/** The eight groups without leading zeros, with `::` written out. */
function expand(address: string): string[] {
  const [head = '', tail] = address.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const missing = tail === undefined ? 0 : Math.max(0, GROUPS - before.length - after.length)
  return [...before, ...Array<string>(missing).fill('0'), ...after].map((group) =>
    group.replace(/^0+(?=.)/, ''),
  )
}

/** `192.0.2.1` as the two groups that it stands for at the end of an IPv6 address. */
function hexGroups(quad: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = quad.split('.').map(Number)
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
}

function dottedQuad(high: string, low: string): string {
  const bytes = [high, low].flatMap((group) => {
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
  return bytes.join('.')
}
