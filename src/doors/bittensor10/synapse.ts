/** The bodies of `bittensor` 10: whole synapses, of which a definition's classes know a part. */
import { createHash } from 'node:crypto'
import type { DtoClass, SynapseOptions } from '../../contract/definition.js'
import { sentNamesOf } from '../../contract/metadata.js'
import { decodeValue } from '../../wire/msgpack.js'
import { EncodedMap, type SynapseData } from '../../wire/value.js'
import type { JsonObject } from '../json/parse.js'
import { writeJson } from '../json/write.js'
import { pythonText } from '../python-text.js'
import { type Terminal, terminalJson } from './terminal.js'

/** What every synapse holds besides the fields of its own class. */
const SYNAPSE_FIELDS: readonly string[] = [
  'name',
  'timeout',
  'total_size',
  'header_size',
  'dendrite',
  'axon',
  'computed_body_hash',
  'required_hash_fields',
]

/**
 * The hash that a request signs in place of its body. By default no fields are hashed: then nothing of the body is signed.
 * @param fields the JSON text of each field that is hashed, in the order of the Python class
 * @returns lower-case hex
 */
export const bodyHash = (fields: readonly string[]): string =>
  sha3(fields.map((json) => sha3(pythonText(json))).join(''))

const sha3 = (text: string): string => createHash('sha3-256').update(text).digest('hex')

/**
 * Whether a body holds what was signed, as far as the definition says which fields were.
 * @param signed what the request's headers say
 */
export function isSignedBody(hashFields: readonly string[], body: JsonObject, signed: string): boolean {
  return bodyHash(hashFields.map((name) => body.source(name) ?? 'null')) === signed
}

/**
 * Leaves of a synapse what a request's class, or an answer's, knows; worked out once. Taken off is what every synapse holds,
 * what belongs to the class of the other direction, and null where nothing is declared. Without a class all of the rest stays.
 * The data is changed in place.
 */
export function fieldsOf(
  direction: 'request' | 'response',
  { request, response }: SynapseOptions,
): (data: SynapseData) => SynapseData {
  const [own, other] = direction === 'request' ? [request, response] : [response, request]
  const declared = namesOf(own)
  const off = [...SYNAPSE_FIELDS, ...namesOf(other)].filter((name) => !declared.has(name))
  return (data) => {
    for (const name of off) delete data[name]
    if (own === undefined) return data
    for (const name of Object.keys(data)) if (data[name] === null && !declared.has(name)) delete data[name]
    return data
  }
}

const namesOf = (type: DtoClass | undefined): ReadonlySet<string> =>
  new Set(type === undefined ? [] : sentNamesOf(type).keys())

/**
 * The body of an answer: the synapse as it came, byte for byte, but for the axon's part and the fields of the answer.
 * @param answer what goes on the wire, of any door
 * @throws LevinError `INVALID_REQUEST` for what has no form in JSON
 */
export function answerBody(request: JsonObject, answer: object, axon: Terminal): string {
  const fields = new Map<string, string>()
  for (const name of request.names) fields.set(name, request.source(name)!)
  for (const [name, json] of jsonOfFields(answer, 'answer')) fields.set(name, json)
  fields.set('axon', terminalJson(axon))
  return objectOf(fields)
}

/** The JSON text of each property of what goes on the wire. */
export function* jsonOfFields(data: object, name: string): Iterable<[string, string]> {
  const plain = data instanceof EncodedMap ? (decodeValue(data.bytes) as object) : data
  const entries = plain instanceof Map ? plain : Object.entries(plain)
  for (const [key, value] of entries) if (value !== undefined) yield [key, writeJson(value, `${name}.${key}`)]
}

/** An object of which each property is written already. */
export const objectOf = (fields: Iterable<readonly [string, string]>): string =>
  `{${[...fields].map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`
