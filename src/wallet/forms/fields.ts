import type { Buffer } from 'node:buffer'
import { inspect } from 'node:util'
import { LevinError } from '../../errors.js'
import { printable } from '../../shown.js'

export type Fields = Readonly<Record<string, unknown>>

/** The object in a JSON text. @throws LevinError CONFIG, without a cause: V8's own error quotes the text */
export function fieldsOf(text: Buffer): Fields {
  let content: unknown
  try {
    content = JSON.parse(text.toString('utf8'))
  } catch {
    throw new LevinError('CONFIG', 'it begins as JSON, and is none: it is damaged or not complete')
  }
  if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content as Fields
  throw new LevinError('CONFIG', 'it is JSON, but no object with fields')
}

/** A field that is no secret, for a message. */
export const shown = (value: unknown): string =>
  printable(inspect(value, { depth: 1, maxStringLength: 60, breakLength: Infinity }))
