/** What `each` goes through, as class-validator has it. */
export type Collection = readonly unknown[] | ReadonlySet<unknown> | ReadonlyMap<unknown, unknown>

export const isCollection = (value: unknown): value is Collection =>
  Array.isArray(value) || value instanceof Set || value instanceof Map

export const sizeOf = (all: Collection): number => ('length' in all ? all.length : all.size)

export const valuesOf = (all: Collection): Iterable<unknown> =>
  (all instanceof Map ? all.values() : all) as Iterable<unknown>

/** At most so many values are looked at in a list itself. */
export const PIECE = 1024

/**
 * What is looked at of a list from `start` on: the list, or a copy of a part of a long one. V8 keeps numbers as numbers
 * until code looks at them that has seen lists of other things too: it then makes each an object, of 64 MiB in half a
 * second, though the first may be refused.
 */
export const pieceOf = (list: readonly unknown[], start: number): readonly unknown[] =>
  list.length <= PIECE ? list : list.slice(start, start + PIECE)

export function everyOf(all: Collection, holds: (value: unknown) => boolean): boolean {
  if (!Array.isArray(all)) {
    for (const value of valuesOf(all)) if (!holds(value)) return false
    return true
  }
  // a million values: the iterator costs as much as the check
  for (let start = 0; start < all.length; start += PIECE) {
    const piece = pieceOf(all, start)
    for (let i = 0; i < piece.length; i++) if (!holds(piece[i])) return false
  }
  return true
}

/** The list itself where `map` changes nothing. @param isKept known to be changed by nothing */
export function mapped(
  list: readonly unknown[],
  isKept: (value: unknown) => boolean,
  map: (value: unknown) => unknown,
): readonly unknown[] {
  let changed: unknown[] | undefined
  for (let start = 0; start < list.length; start += PIECE) {
    const piece = pieceOf(list, start)
    for (let i = 0; i < piece.length; i++) {
      const value = piece[i]
      const result = isKept(value) ? value : map(value)
      if (changed === undefined && !Object.is(result, value)) changed = list.slice(0, start + i)
      changed?.push(result)
    }
  }
  return changed ?? list
}
