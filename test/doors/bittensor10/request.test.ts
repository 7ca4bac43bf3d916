import { IsInt, IsNumber, IsOptional, IsString } from 'class-validator'
import { describe, expect, test } from 'vitest'
import { seedSigner } from '../../../src/auth/signer.js'
import { type SynapseDefinition, synapse } from '../../../src/contract/definition.js'
import { readSynapseClaims, verifySynapse } from '../../../src/doors/bittensor10/claims.js'
import { synapseRequest } from '../../../src/doors/bittensor10/request.js'
import { isSignedBody } from '../../../src/doors/bittensor10/synapse.js'
import { parseJsonObject } from '../../../src/doors/json/parse.js'
import { captured, headersOf, MINER, VALIDATOR_SEED } from './captured.js'

class Ask {
  @IsString() city!: string
  @IsInt() days!: number
  @IsOptional() @IsNumber() degrees?: number
}

class Answer {
  @IsString() answer!: string
}

const signer = seedSigner(VALIDATOR_SEED)
const NONCE = 1795694573187193292n
const UUID = '4f1a9204-e991-11f1-a78b-02fc00000001'

const definition = synapse('Ask', { request: Ask, response: Answer, hashFields: ['city', 'days'] })

function ask(data: object, of: SynapseDefinition = definition) {
  return synapseRequest(signer, {
    definition: of,
    data,
    timeoutMs: 5000,
    axon: { ip: '127.0.0.1', port: 5985, hotkey: MINER },
    ip: '127.0.0.1',
    uuid: UUID,
    nowNs: NONCE,
  })
}

test("is a real dendrite's, but for sizes, signature and what goes with them", async () => {
  const { headers, body } = await ask({ city: 'Oslo', days: 3 })
  const real = headersOf(captured.dendrite_request.headers)
  const own = ['total_size', 'header_size', 'bt_header_dendrite_signature']
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith('bt_header_input_obj_') || own.includes(name)) continue
    expect([value], name).toEqual(real[name])
  }
  const ours = JSON.parse(body)
  const theirs = JSON.parse(captured.dendrite_request.body)
  const { required_hash_fields: _, ...rest } = theirs
  rest.total_size = 0
  rest.dendrite.signature = ours.dendrite.signature
  expect(ours).toEqual(rest)
  expect(body).toContain(`"nonce":${NONCE}`)
})

test('is taken by who is asked', async () => {
  const { headers, body } = await ask({ city: 'Oslo', days: 3 })
  const claims = readSynapseClaims(headersOf(Object.entries(headers)))
  if ('objection' in claims) throw new Error(claims.objection)
  expect(verifySynapse(claims, MINER)).toBe(true)
  expect(isSignedBody(['city', 'days'], parseJsonObject(Buffer.from(body)), claims.bodyHash)).toBe(true)
})

test('has an empty one of each field that is needed, as the axon makes a synapse of the headers', async () => {
  const { headers } = await ask({ city: 'Oslo', days: 3, degrees: 2 })
  const inputs = Object.entries(headers).filter(([name]) => name.startsWith('bt_header_input_obj_'))
  expect(inputs).toEqual([
    ['bt_header_input_obj_city', Buffer.from('""').toString('base64')],
    ['bt_header_input_obj_days', Buffer.from('0').toString('base64')],
  ])
})

test.each([
  ['"a"', '""'],
  [[1], '[]'],
  [{ a: 1 }, '{}'],
  [true, 'false'],
  [3, '0'],
  [0.5, '0.0'],
])('an empty one of %j is %s', async (value, empty) => {
  const { headers } = await ask({ x: value }, synapse('Ask', {}))
  expect(Buffer.from(headers.bt_header_input_obj_x ?? '', 'base64').toString()).toBe(empty)
})

describe('floats', () => {
  test('of a class have a point, in the body as in the hash', async () => {
    const { headers, body } = await ask(
      { city: 'Oslo', days: 3, degrees: 2 },
      synapse('Ask', { request: Ask, hashFields: ['days', 'degrees'] }),
    )
    expect(body).toContain('"days":3,"degrees":2.0')
    const signed = headers.computed_body_hash ?? ''
    expect(isSignedBody(['days', 'degrees'], parseJsonObject(Buffer.from(body)), signed)).toBe(true)
  })

  test('of a timeout too', async () => {
    const { headers, body } = await ask({ city: 'Oslo', days: 3 })
    expect(headers.timeout).toBe('5.0')
    expect(body).toContain('"timeout":5.0')
  })
})
