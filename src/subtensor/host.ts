/** Pure. IP addresses as the chain keeps them: one integer of 128 bits, and 4 or 6. */
import { isIP } from 'node:net'
import { LevinError } from '../errors.js'

export interface ChainIp {
  readonly ip: bigint
  readonly ipType: number
}

/** @returns undefined for what is no address */
export function hostOf({ ip, ipType }: ChainIp): string | undefined {
  if (ipType === 4) return ip < 2n ** 32n ? dotted(Number(ip)) : undefined
  if (ipType !== 6) return undefined
  const groups = ip.toString(16).padStart(32, '0').match(/.{4}/g)!
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1) // in its shortest form
}

/** @throws LevinError CONFIG for what is no IP address, or has a zone */
export function ipOf(host: string): ChainIp {
  const family = typeof host !== 'string' || host.includes('%') ? 0 : isIP(host)
  if (family === 4) return { ip: joined(host.split('.').map(Number), 8), ipType: 4 }
  if (family !== 6) {
    throw new LevinError('CONFIG', `${JSON.stringify(host)} is no IP address such as 192.0.2.1`)
  }
  // without dots, and in its shortest form
  const [head = '', tail] = new URL(`http://[${host}]`).hostname.slice(1, -1).split('::')
  const before = groupsOf(head)
  const after = groupsOf(tail ?? '')
  const zeros = Array<number>(8 - before.length - after.length).fill(0)
  return { ip: joined([...before, ...zeros, ...after], 16), ipType: 6 }
}

const groupsOf = (text: string): number[] =>
  text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))

const joined = (parts: readonly number[], bits: number): bigint =>
  parts.reduce((all, part) => (all << BigInt(bits)) | BigInt(part), 0n)

const dotted = (ip: number): string => `${ip >>> 24}.${(ip >>> 16) & 255}.${(ip >>> 8) & 255}.${ip & 255}`
