import { ValidateBy, type ValidationOptions } from 'class-validator'

/** How many bytes a property may have. */
export interface BytesOptions {
  /** The fewest bytes. Default 0. */
  readonly min?: number
  /** The most bytes. Default: no limit but the frame's. */
  readonly max?: number
}

/**
 * The property is binary: a Uint8Array (a Buffer is one), which travels as MessagePack `bin`. What arrives is a view
 * of the message: copy it to keep a small part of a large message.
 */
export function IsBytes(
  { min = 0, max = Number.MAX_SAFE_INTEGER }: BytesOptions = {},
  options?: ValidationOptions,
) {
  return ValidateBy(
    {
      name: 'isBytes',
      constraints: [min, max],
      validator: {
        validate: (value: unknown) =>
          value instanceof Uint8Array && value.length >= min && value.length <= max,
        defaultMessage: (details) => {
          const range = max === Number.MAX_SAFE_INTEGER ? `at least ${min}` : `from ${min} to ${max}`
          return `${details?.property} must be binary (a Uint8Array) of ${range} bytes`
        },
      },
    },
    options,
  )
}
