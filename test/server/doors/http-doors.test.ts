import { IsInt, IsOptional, IsString } from 'class-validator'
import { describe, expect, test } from 'vitest'
import { type Call, synapse } from '../../../src/index.js'
import { HttpMiner } from './http-miner.js'

class Ask {
  @IsString() city!: string
  @IsInt() days!: number
}
class Told {
  @IsString() @IsOptional() answer!: string
}
const AskSynapse = synapse('Ask', { request: Ask, response: Told, hashFields: ['city', 'days'] })

function asked(calls: Call[] = []): HttpMiner {
  const served = new HttpMiner()
  served.miner.synapse(AskSynapse, ({ city }, call) => {
    calls.push(call)
    return { answer: `hi ${city}` }
  })
  return served
}

describe('a request that is well', () => {
  test('of a dendrite', async () => {
    const calls: Call[] = []
    const served = await asked(calls).listen()
    const { status, headers, body } = await served.asDendrite(AskSynapse, { city: 'Oslo', days: 3 })
    expect(status).toBe(200)
    expect(JSON.parse(body)).toMatchObject({
      city: 'Oslo',
      days: 3,
      answer: 'hi Oslo',
      axon: { status_code: 200 },
    })
    expect(headers).toMatchObject({
      bt_header_axon_status_code: '200',
      bt_header_axon_status_message: 'Success',
    })
    expect(calls.map(({ door, caller }) => [door, caller])).toEqual([
      ['bittensor10', expect.stringMatching(/^5/)],
    ])
  })

  test('of btauth/1', async () => {
    const calls: Call[] = []
    const served = await asked(calls).listen()
    const { status, headers, body } = await served.asBtauth('Ask', { city: 'Oslo', days: 3 })
    expect([status, body]).toEqual([200, '{"answer":"hi Oslo"}'])
    expect(headers['content-type']).toBe('application/json')
    expect(calls.map(({ door }) => door)).toEqual(['btauth'])
  })
})
