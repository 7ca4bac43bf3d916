/** What `each` goes through, as class-validator has it. */
export type Collection = readonly unknown[] | ReadonlySet<unknown> | ReadonlyMap<unknown, unknown>

export const isCollection = (value: unknown): value is Collection =>
  Array.isArray(value) || value instanceof Set || value instanceof Map

export const sizeOf = (all: Collection): number => ('length' in all ? all.length : all.size)

export const valuesOf = (all: Collection): Iterable<unknown> =>
  (all instanceof Map ? all.values() : all) as Iterable<unknown>

export function everyOf(all: Collection, holds: (value: unknown) => boolean): boolean {
  if (!Array.isArray(all)) {
    for (const value of valuesOf(all)) if (!holds(value)) return false
    return true
  }
  // a million values: the iterator costs as much as the check
  for (let i = 0; i < all.length; i++) if (!holds(all[i])) return false
  return true
}
