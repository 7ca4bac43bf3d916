const NS_PER_MS = 1_000_000

let last = 0n

/**
 * Nanoseconds since 1970, never the same twice in this process: several validators may have one signer.
 * @param unixMs now
 */
export function nextNonce(unixMs: number): bigint {
  const now = BigInt(Math.floor(unixMs)) * BigInt(NS_PER_MS)
  last = now > last ? now : last + 1n
  return last
}
