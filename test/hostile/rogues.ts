/** What one validator sends over and over, on all its streams, to have the loop to itself. */
const MIB = 1024 * 1024

interface Worst {
  readonly to: string
  readonly data: unknown
}

export const ROGUES = {
  /** As many objects as 1 MiB holds: the most that decoding and validating can be made to do. */
  objects: () => ({
    to: 'follow',
    data: { points: Array.from({ length: MIB / 8 }, () => ({ x: 1, y: 1.5 })) },
  }),
  /** Within the caps, so that each is validated. */
  points: () => ({ to: 'follow', data: { points: Array.from({ length: 2000 }, () => ({ x: 1, y: 2.5 })) } }),
  /** Lists of lists, which nothing validates. */
  lists: () => ({ to: 'echo', data: { lists: Array.from({ length: MIB / 2 }, () => []) } }),
  /** A handler that computes for some milliseconds. */
  handlers: () => ({ to: 'compute', data: {} }),
  /** The smallest requests, as many as there is room for. */
  small: () => ({ to: 'echo', data: {} }),
  /** Large ones, which cost little but their bytes. */
  large: () => ({ to: 'compute', data: { bytes: new Uint8Array(16 * MIB) } }),
} satisfies Readonly<Record<string, () => Worst>>
