/** What a dendrite sees of a Levin miner, beside what it saw of a real axon: test/vectors/bittensor-10.5.0.json. */
import { IsInt, IsOptional, IsString } from 'class-validator'
import { describe, expect, test } from 'vitest'
import { allowlist, blacklist, type MinerOptions, rateLimit, synapse } from '../../../src/index.js'
import { captured } from '../../doors/bittensor10/captured.js'
import { signerOf, validatorSigner } from '../../support/hotkeys.js'
import { type Answer, type Change, HttpMiner, nowNs } from './http-miner.js'

class AskRequest {
  @IsString() city!: string
  @IsInt() days!: number
}
class AskAnswer {
  @IsOptional() @IsString() answer?: string
}
const Ask = synapse('Ask', { request: AskRequest, response: AskAnswer, hashFields: ['city', 'days'] })
const Slow = synapse('Slow', { timeoutMs: 50 })
const OSLO = { city: 'Oslo', days: 3 }
const SECOND = 1_000_000_000n

async function axon(
  options: Partial<MinerOptions> = {},
  prepare = (_: HttpMiner): void => {},
): Promise<HttpMiner> {
  const own = new HttpMiner(options)
  own.miner.synapse(Ask, ({ city }) => {
    if (city === 'boom') throw new Error('a secret of the handler')
    return { answer: `hi ${city}` }
  })
  own.miner.synapse(
    Slow,
    (_, { signal }) => new Promise((_, reject) => (signal.onabort = () => reject(signal.reason))),
  )
  prepare(own)
  return own.listen()
}

/** Whether an answer has the form of a real axon's: its status, its message but for what differs each time, its headers. */
function expectAs(name: string, answer: Answer): void {
  const real = captured.axon_responses[name]!
  expect(answer.status).toBe(real.status)
  expect(formOf(JSON.parse(answer.body).message)).toBe(formOf(JSON.parse(real.body).message))
  for (const [header, value] of real.headers ?? []) {
    const own = answer.headers[header]
    if (NOT_OURS.test(header)) continue
    expect(own, header).toBeDefined()
    if (/status/.test(header)) expect(formOf(String(own)), header).toBe(formOf(value))
  }
}

/** What an axon tells of itself in refusals, and signs: nobody reads it. */
const NOT_OURS = /^bt_header_axon_(version|nonce|uuid|signature)$|^bt_header_dendrite_port$|^date$|^server$/

const formOf = (text: string | undefined): string | undefined =>
  text
    ?.replace(/0x[0-9a-f]{128}/g, '0x')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}|a-dendrite/g, 'uuid')
    .replace(/[0-9a-f]{64}/g, 'hash')
    .replace(/\d{19}/g, 'nonce')
    .replace(/5[1-9A-HJ-NP-Za-km-z]{47}/g, 'hotkey')
    .replace(/was \d+\.\d\d seconds/, 'was seconds')
    .replace(/\[.*\]/, '[names]')
    .replace(/blacklisted: .*\./, 'blacklisted: why.')

describe('as of a real axon', () => {
  test('success: the synapse filled in, and who answered', async () => {
    const miner = await axon()
    const answer = await miner.asDendrite(Ask, OSLO)
    expectAs('ok', answer)
    const own = JSON.parse(answer.body)
    const real = JSON.parse(captured.axon_responses.ok!.body)
    expect(Object.keys(own)).toEqual(Object.keys(real).filter((key) => key !== 'required_hash_fields'))
    expect(Object.keys(own.axon)).toEqual(Object.keys(real.axon))
    expect(own).toMatchObject({ ...OSLO, answer: 'hi Oslo', name: 'Ask' })
    expect(own.axon).toMatchObject({
      status_code: 200,
      status_message: 'Success',
      ip: '127.0.0.1',
      port: miner.port,
    })
  })

  test('the request that was captured, byte for byte, but for its time', async () => {
    const { body } = captured.dendrite_request
    const miner = await axon()
    const { headers } = await miner.dendrite(Ask, OSLO)
    const answer = await miner.send({
      path: '/Ask',
      headers: { ...headers, 'content-length': body.length },
      body,
    })
    expectAs('ok', answer)
    // what it holds of large numbers is given back as it came
    expect(answer.body).toContain('"nonce": 1795694573187193292,')
    expect(JSON.parse(answer.body)).toMatchObject({
      required_hash_fields: ['city', 'days'],
      answer: 'hi Oslo',
    })
  })

  test('a replay', async () => {
    const miner = await axon()
    const sent = await miner.dendrite(Ask, OSLO)
    expect((await miner.send(sent)).status).toBe(200)
    expectAs('replay', await miner.send(sent))
  })

  test('whom the access rules do not admit', async () => {
    const miner = await axon({ access: allowlist([signerOf(9).hotkey]) })
    expectAs('blacklisted', await miner.asDendrite(Ask, OSLO))
  })

  test('whom a middleware refuses', async () => {
    const miner = await axon({}, ({ miner }) => miner.use(blacklist({ hotkeys: [validatorSigner.hotkey] })))
    expectAs('blacklisted', await miner.asDendrite(Ask, OSLO))
  })

  test('a synapse that there is not', async () => {
    const miner = await axon()
    const answer = await miner.asDendrite(synapse('Nope', {}), {})
    expectAs('unknown', answer)
    expect(JSON.parse(answer.body).message).toBe(
      "Synapse name 'Nope' not found. Available synapses ['Ask', 'Slow']",
    )
    expect(answer.headers).toMatchObject({ name: 'Synapse', timeout: '12.0' })
  })

  test('a handler that throws', async () => {
    const miner = await axon()
    const answer = await miner.asDendrite(Ask, { ...OSLO, city: 'boom' })
    expectAs('boom', answer)
    expect(answer.body + JSON.stringify(answer.headers)).not.toContain('secret')
    const [id] = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}/.exec(JSON.parse(answer.body).message) ?? []
    expect(miner.log.at('error')[0]!.fields.call).toBe(id!.replaceAll('-', ''))
  })

  test('a signature that is none', async () => {
    const miner = await axon()
    const headers = { bt_header_dendrite_signature: `0x${'11'.repeat(64)}` }
    expectAs('bad signature', await miner.asDendrite(Ask, OSLO, { headers }))
  })

  test('a signature for another miner', async () => {
    const miner = await axon()
    expectAs('bad signature', await miner.asDendrite(Ask, OSLO, { receiver: signerOf(7).hotkey }))
  })

  test('a body that was changed', async () => {
    const miner = await axon()
    const { body, ...sent } = await miner.dendrite(Ask, OSLO)
    expectAs('body changed', await miner.send({ ...sent, body: body.replace('Oslo', 'Rome') }))
    expect(miner.miner.stats().http!.requests.bittensor10.refused).toEqual({ 'not as signed': 1 })
  })

  test('an old nonce', async () => {
    const miner = await axon()
    expectAs('old nonce', await miner.asDendrite(Ask, OSLO, { nowNs: nowNs() - 60n * SECOND }))
  })

  test('no JSON', async () => {
    const miner = await axon()
    const { headers } = await miner.dendrite(Ask, OSLO)
    const answer = await miner.send({
      path: '/Ask',
      headers: { ...headers, 'content-length': 9 },
      body: '{not json',
    })
    expect(answer.status).toBe(captured.axon_responses['not json']!.status)
    expect(JSON.parse(answer.body)).toMatchObject({ detail: [{ type: 'json_invalid', loc: ['body'] }] })
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('bt_'))).toEqual([])
  })

  test('no headers', async () => {
    const miner = await axon()
    const answer = await miner.send({ path: '/Ask', headers: {}, body: JSON.stringify(OSLO) })
    expectAs('no headers', answer)
    expect(answer.headers).toMatchObject({ name: 'Ask', timeout: 'None' })
  })
})

test('a handler that takes too long is 408, by which a dendrite knows a timeout', async () => {
  const miner = await axon()
  const { status, headers } = await miner.asDendrite(Slow)
  expect([status, headers.bt_header_axon_status_code]).toEqual([408, '408'])
})

test('the timeout that a dendrite names is its own: the handler has what its synapse declares', async () => {
  const miner = await axon()
  expect((await miner.asDendrite(Ask, OSLO, { timeoutMs: 1 })).status).toBe(200)
})

test('a request that is not what its class declares is 422', async () => {
  const miner = await axon()
  expect((await miner.asDendrite(Ask, { ...OSLO, days: 'three' })).status).toBe(422)
  expect(miner.miner.stats().calls.Ask).toMatchObject({ invalid: 1, answered: 0 })
})

test('too many calls are 429', async () => {
  const miner = await axon({}, ({ miner }) => miner.use(rateLimit({ perSecond: 0.001, burst: 1 })))
  expect((await miner.asDendrite(Ask, OSLO)).status).toBe(200)
  expect((await miner.asDendrite(Ask, OSLO)).status).toBe(429)
})

test.each<[string, Change]>([
  ['a nonce that is none', { headers: { bt_header_dendrite_nonce: '1e9' } }],
  [
    'a hotkey twice',
    { headers: { bt_header_dendrite_hotkey: [validatorSigner.hotkey, validatorSigner.hotkey] } },
  ],
  ['two signatures', { headers: { bt_header_dendrite_signature: ['0x', '0x'] } }],
  ['a nonce far ahead', { nowNs: nowNs() + 3600n * SECOND }],
  [
    'a timeout that would make it fresh',
    { nowNs: nowNs() - 600n * SECOND, headers: { timeout: '1000000.0' } },
  ],
])('%s is 401', async (_, change) => {
  const miner = await axon()
  expect((await miner.asDendrite(Ask, OSLO, change)).status).toBe(401)
})

test('200 at once, of which some overtake others', async () => {
  const miner = await axon()
  const sent = await Promise.all(Array.from({ length: 200 }, () => miner.dendrite(Ask, OSLO)))
  const answers = await Promise.all(sent.reverse().map((request) => miner.send(request)))
  expect(answers.map(({ status }) => status)).toEqual(Array(200).fill(200))
})
