/** Between JSON and what a synapse's data may hold. */
import { Buffer } from 'node:buffer'
import { parseJson } from '../doors/json/parse.js'
import { LevinError } from '../errors.js'
import { readFile } from '../read-file.js'
import { EncodedMap, Extension, type SynapseData, type Value } from '../wire/value.js'

const MAX_REQUEST_BYTES = 64 * 1024 * 1024

/**
 * A request as it was given: JSON, `@FILE`, or `-` for standard input. `{"$bytes": "..."}` with base64 are bytes.
 * @throws LevinError CONFIG
 */
export async function requestOf(text: string): Promise<SynapseData> {
  const json =
    text === '-' ? await standardInput() : text.startsWith('@') ? await fileText(text.slice(1)) : text
  let data: Value
  try {
    data = withBytes(parseJson(Buffer.from(json)))
  } catch (error) {
    throw new LevinError(
      'CONFIG',
      `the request is no JSON: ${LevinError.from(error).message}. In a shell it stands in '...'`,
    )
  }
  if (typeof data === 'object' && data !== null && !Array.isArray(data) && !(data instanceof Uint8Array))
    return data as SynapseData
  throw new LevinError('CONFIG', `the request is a JSON object, such as '{"city":"Oslo"}'`)
}

/** An answer, of which JSON can say everything: bytes as `{"$bytes"}`, large integers as text, a map of others as pairs. */
export function jsonOf(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') }
  if (value instanceof Extension) return { $extension: value.type, ...(jsonOf(value.data) as object) }
  if (value instanceof EncodedMap) return jsonOf(value.bytes)
  if (value instanceof Map) return { $map: [...value].map((pair) => pair.map(jsonOf)) }
  if (Array.isArray(value)) return value.map(jsonOf)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, jsonOf(inner)]))
}

/** What JSON was, which is of lists and plain objects alone. */
function withBytes(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(withBytes)
  const entries = Object.entries(value as SynapseData)
  const [name, text] = entries.length === 1 ? entries[0]! : []
  if (name === '$bytes' && typeof text === 'string') return Buffer.from(text, 'base64')
  return Object.fromEntries(entries.map(([key, inner]) => [key, withBytes(inner)]))
}

async function standardInput(): Promise<string> {
  const { text } = await import('node:stream/consumers')
  return text(process.stdin)
}

async function fileText(path: string): Promise<string> {
  try {
    return (await readFile(path, MAX_REQUEST_BYTES)).toString('utf8')
  } catch (error) {
    throw new LevinError(
      'CONFIG',
      `the request cannot be read from ${path}: ${LevinError.from(error).message}`,
    )
  }
}
