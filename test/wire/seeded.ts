import { randomInt } from 'node:crypto'

/** `LEVIN_SEED=123 npx vitest run ...` repeats the run that printed 123. */
export const seed = Number(process.env.LEVIN_SEED ?? randomInt(2 ** 31))

export interface Random {
  /** From 0 to below `limit`. */
  int(limit: number): number
  bytes(size: number): Buffer
  pick<T>(from: readonly T[]): T
}

/** mulberry32: the same sequence for the same seed on every machine. */
export function seeded(from: number): Random {
  let state = from >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }
  const int = (limit: number) => next() % limit
  return {
    int,
    bytes(size) {
      const bytes = Buffer.allocUnsafe(size)
      for (let i = 0; i < size; i++) bytes[i] = int(256)
      return bytes
    },
    pick: (from) => from[int(from.length)]!,
  }
}
