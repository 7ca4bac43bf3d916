import type { ValidationArguments } from 'class-validator'

/** How much of a value a text may hold: an error's text is clipped far below. */
const MOST_OF_A_VALUE = 1000

type Message = string | ((details: ValidationArguments) => string)

/** A message of class-validator with what stands for its tokens, `$property` and such, as it fills them in itself. */
export function fillIn(message: Message, details: ValidationArguments): string {
  const { constraints, value, property, targetName } = details
  let text = typeof message === 'function' ? message(details) : message
  for (const [i, constraint] of (constraints ?? []).entries()) {
    text = text.replace(new RegExp(`\\$constraint${i + 1}`, 'g'), asText(constraint))
  }
  if (typeof value === 'string') text = text.replace(/\$value/g, value.slice(0, MOST_OF_A_VALUE))
  else if (typeof value === 'boolean' || typeof value === 'number')
    text = text.replace(/\$value/g, String(value))
  return text.replace(/\$property/g, property).replace(/\$target/g, targetName)
}

function asText(constraint: unknown): string {
  if (Array.isArray(constraint)) return constraint.join(', ')
  return typeof constraint === 'symbol' ? String(constraint.description) : `${constraint}`
}
