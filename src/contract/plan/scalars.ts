import { isWhole } from './whole.js'

/** What `@Type` makes of a value that is no list: as class-transformer does, but for what cannot have been a date. */
export const Scalars = {
  String: (value: unknown): unknown => (isKept(value) ? value : String(value)),
  Number: (value: unknown): unknown => (isKept(value) ? value : Number(value)),
  Boolean: (value: unknown): unknown => (isKept(value) ? value : Boolean(value)),
  /** class-transformer would make a Date of a number, and of `true`; what travels is text. */
  Date: (value: unknown): unknown =>
    typeof value === 'string' || (typeof value === 'object' && !isKept(value))
      ? new Date(value as string)
      : value,
} as const

export type Scalar = keyof typeof Scalars

/** Whether a value is one already. Dates travel as text. */
export const isScalar: Readonly<Record<Scalar, (value: unknown) => boolean>> = {
  String: (value) => typeof value === 'string',
  Number: (value) => typeof value === 'number',
  Boolean: (value) => typeof value === 'boolean',
  Date: () => false,
}

const isKept = (value: unknown): boolean =>
  value === null || value === undefined || value instanceof Map || isWhole(value)
