/** Addresses between text and the chain's number: u128 and 4 or 6. */
import { isIP } from 'node:net'

export interface ChainIp {
  readonly ip: bigint
  /** 4, 6, or 0 where nothing was ever published. */
  readonly type: number
}

/** @throws RangeError when it is no address */
export function ipToNumber(text: string): ChainIp {
  if (isIP(text) === 4) {
    return { ip: text.split('.').reduce((value, part) => value * 256n + BigInt(part), 0n), type: 4 }
  }
  if (isIP(text) !== 6) throw new RangeError(`${JSON.stringify(text)} is no IP address`)
  // The one form that a URL keeps has no dots and no zeros in front.
  const [head = '', tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split('::')
  const groups = (part: string | undefined): string[] => (part ? part.split(':') : [])
  const [left, right] = [groups(head), groups(tail)]
  const all = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
  return { ip: all.reduce((value, group) => value * 65_536n + BigInt(`0x${group}`), 0n), type: 6 }
}

export function numberToIp({ ip, type }: ChainIp): string {
  const parts = (count: number, bits: bigint): bigint[] =>
    Array.from({ length: count }, (_, at) =>
      BigInt.asUintN(Number(bits), ip >> (bits * BigInt(count - 1 - at))),
    )
  if (type === 4) return parts(4, 8n).join('.')
  const groups = parts(8, 16n).map((group) => group.toString(16))
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}
