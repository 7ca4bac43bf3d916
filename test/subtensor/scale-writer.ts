/** The other direction of src/subtensor/scale.ts: what a chain would write. */
export const le = (value: bigint | number, bytes: number): Buffer => {
  const out = Buffer.alloc(bytes)
  let left = BigInt(value)
  for (let i = 0; i < bytes; i++, left >>= 8n) out[i] = Number(left & 0xffn)
  return out
}

export function compact(given: bigint | number): Buffer {
  const value = BigInt(given)
  if (value < 2n ** 6n) return le(value << 2n, 1)
  if (value < 2n ** 14n) return le((value << 2n) | 1n, 2)
  if (value < 2n ** 30n) return le((value << 2n) | 2n, 4)
  let bytes = 4
  while (value >= 2n ** BigInt(8 * bytes)) bytes++
  return Buffer.concat([le(((bytes - 4) << 2) | 3, 1), le(value, bytes)])
}

export const list = <T>(items: readonly T[], write: (item: T) => Buffer): Buffer =>
  Buffer.concat([compact(items.length), ...items.map(write)])

export const bool = (value: boolean): Buffer => le(value ? 1 : 0, 1)
