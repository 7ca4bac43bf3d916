/** A request as `bittensor` 10's dendrite makes it. */
import { Buffer } from 'node:buffer'
import type { Signer } from '../../auth/signer.js'
import type { DtoClass, SynapseDefinition } from '../../contract/definition.js'
import { isOptional, rulesOf, sentNamesOf } from '../../contract/metadata.js'
import { signatureText } from '../headers.js'
import { signedText } from './claims.js'
import { bodyHash, jsonOfFields, objectOf } from './synapse.js'
import { AXON, DENDRITE, type Terminal, terminalHeaders, terminalJson, VERSION } from './terminal.js'

export interface SynapseRequest {
  readonly definition: SynapseDefinition
  /** What goes on the wire, of any door. */
  readonly data: object
  readonly timeoutMs: number
  readonly axon: { readonly ip: string; readonly port: number; readonly hotkey: string }
  /** Our own address, as the miner is told; it does not believe it. */
  readonly ip: string
  /** One for each validator object: the miner remembers the last nonce of each. */
  readonly uuid: string
  /** Nanoseconds since 1970, larger than of any request before with this uuid. */
  readonly nowNs: bigint
}

/**
 * The headers and the body of a signed request.
 * @throws LevinError `INVALID_REQUEST` for data that has no form in JSON; `CONFIG` when the signer does not sign
 */
export async function synapseRequest(
  signer: Signer,
  { definition, data, timeoutMs, axon, ip, uuid, nowNs }: SynapseRequest,
): Promise<{ readonly headers: Readonly<Record<string, string>>; readonly body: string }> {
  const { name, options } = definition
  const fields = new Map(jsonOfFields(data, 'request'))
  const floats = floatsOf(options.request)
  for (const [field, json] of fields)
    if (floats.has(field) && /^-?\d+$/.test(json)) fields.set(field, `${json}.0`)
  const hash = bodyHash((options.hashFields ?? []).map((field) => fields.get(field) ?? 'null'))

  const claims = { nonce: nowNs, hotkey: signer.hotkey, uuid, bodyHash: hash }
  const signature = signatureText(await signer.sign(signedText(claims, axon.hotkey)))
  const dendrite: Terminal = { ip, version: VERSION, nonce: nowNs, uuid, hotkey: signer.hotkey, signature }

  const timeout = asFloat(timeoutMs / 1000)
  const body = objectOf([
    ['name', JSON.stringify(name)],
    ['timeout', timeout],
    ['total_size', '0'],
    ['header_size', '0'],
    ['dendrite', terminalJson(dendrite)],
    ['axon', terminalJson(axon)],
    ['computed_body_hash', '""'],
    ...fields,
    ...nullsFor(options.response, fields),
  ])
  const headers = {
    name,
    timeout,
    ...terminalHeaders(AXON, axon),
    ...terminalHeaders(DENDRITE, dendrite),
    ...emptyInputs(options.request, fields),
    header_size: '0',
    total_size: '0',
    computed_body_hash: hash,
    'content-type': 'application/json',
  }
  return { headers, body }
}

/** A class's fields that are floats in Python, whose hash and JSON have a point in each: of `@IsNumber()`, and not `@IsInt()`. */
function floatsOf(type: DtoClass | undefined): ReadonlySet<string> {
  const rules = type === undefined ? [] : rulesOf(type)
  const has = (property: string, check: string): boolean =>
    rules.some(({ propertyName, name }) => propertyName === property && name === check)
  const names = [...(type === undefined ? [] : sentNamesOf(type))]
  return new Set(names.filter(([, of]) => has(of, 'isNumber') && !has(of, 'isInt')).map(([name]) => name))
}

/** What the miner will fill in travels as null. */
function nullsFor(type: DtoClass | undefined, fields: ReadonlyMap<string, string>): [string, string][] {
  const names = type === undefined ? [] : [...sentNamesOf(type).keys()]
  return names.filter((name) => !fields.has(name)).map((name) => [name, 'null'])
}

/** The axon makes a synapse of the headers alone before it reads the body: of what its class requires, an empty one stands there. */
function emptyInputs(
  type: DtoClass | undefined,
  fields: ReadonlyMap<string, string>,
): Record<string, string> {
  const sent = type === undefined ? undefined : sentNamesOf(type)
  const headers: Record<string, string> = {}
  for (const [name, json] of fields) {
    const property = sent?.get(name)
    const isRequired = type === undefined || (property !== undefined && !isOptional(type, property))
    if (!isRequired || json === 'null' || !/^[\w-]+$/.test(name)) continue
    headers[`bt_header_input_obj_${name}`] = Buffer.from(emptyOf(json)).toString('base64')
  }
  return headers
}

/** What Python's class of a value makes when it is called. */
function emptyOf(json: string): string {
  if (json.startsWith('"')) return '""'
  if (json.startsWith('[')) return '[]'
  if (json.startsWith('{')) return '{}'
  if (json === 'true' || json === 'false') return 'false'
  return /^-?\d+$/.test(json) ? '0' : '0.0'
}

const asFloat = (value: number): string => (Number.isInteger(value) ? `${value}.0` : `${value}`)
