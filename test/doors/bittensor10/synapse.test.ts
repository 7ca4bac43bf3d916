import { Expose } from 'class-transformer'
import { IsInt, IsOptional, IsString } from 'class-validator'
import { describe, expect, test } from 'vitest'
import { answerBody, bodyHash, fieldsOf, isSignedBody } from '../../../src/doors/bittensor10/synapse.js'
import { parseJsonObject } from '../../../src/doors/json/parse.js'
import { encodeValue } from '../../../src/wire/msgpack.js'
import { EncodedMap } from '../../../src/wire/value.js'
import { captured, MINER } from './captured.js'

class Ask {
  @IsString() city!: string
  @IsInt() days!: number
}

class Answer {
  @IsString() answer!: string
  @IsOptional() @IsString() @Expose({ name: 'by' }) from?: string
}

const { body } = captured.dendrite_request
const parsed = (text: string) => parseJsonObject(Buffer.from(text))
const NOTHING = 'a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a'

describe('the hash of a body', () => {
  test('is what a real dendrite signed', () => {
    const signed = '5de2a0d74a56fadda13f436f0c4b62fa666da2c413dbd3a2d044a3a98f4763fc'
    expect(bodyHash(['"Oslo"', '3'])).toBe(signed)
    expect(isSignedBody(['city', 'days'], parsed(body), signed)).toBe(true)
    expect(isSignedBody(['city', 'days'], parsed(body.replace('Oslo', 'Bergen')), signed)).toBe(false)
    expect(isSignedBody(['city', 'days'], parsed(body.replace('"days": 3', '"days": 3.0')), signed)).toBe(
      false,
    )
    expect(isSignedBody(['days', 'city'], parsed(body), signed)).toBe(false)
    expect(isSignedBody([], parsed(body), signed)).toBe(false)
  })

  test('of no fields is that of the empty text', () => {
    expect(bodyHash([])).toBe(NOTHING)
    expect(isSignedBody([], parsed('{"anything":1}'), NOTHING)).toBe(true)
  })

  test('takes a field that is not there for None', () => {
    expect(isSignedBody(['a'], parsed('{}'), bodyHash(['null']))).toBe(true)
  })
})

describe('fields', () => {
  test('of a request are those of its class', () => {
    const { data } = parsed(body)
    expect(fieldsOf('request', { request: Ask, response: Answer })(data)).toEqual({ city: 'Oslo', days: 3 })
  })

  test('of the answer are taken off a request, whatever they hold', () => {
    const { data } = parsed('{"city":"Oslo","days":3,"answer":"","by":[1]}')
    expect(fieldsOf('request', { request: Ask, response: Answer })(data)).toEqual({ city: 'Oslo', days: 3 })
  })

  test('of an answer are those of its class', () => {
    const { data } = parsed(captured.axon_responses.ok!.body)
    expect(fieldsOf('response', { request: Ask, response: Answer })(data)).toEqual({ answer: 'hi Oslo' })
  })

  test('that nobody declares are left for the class to refuse, unless they are null', () => {
    const { data } = parsed('{"city":"Oslo","more":null,"other":0}')
    expect(fieldsOf('request', { request: Ask, response: Answer })(data)).toEqual({ city: 'Oslo', other: 0 })
  })

  test('that a class declares itself stay', () => {
    class Named {
      @IsString() name!: string
    }
    const { data } = parsed('{"name":"x","timeout":5.0}')
    expect(fieldsOf('request', { request: Named })(data)).toEqual({ name: 'x' })
  })

  test('without a class are all but those of every synapse', () => {
    const { data } = parsed(body)
    expect(fieldsOf('request', {})(data)).toEqual({ city: 'Oslo', days: 3, answer: null })
  })
})

describe('the body of an answer', () => {
  const axon = {
    status_code: 200,
    status_message: 'Success',
    process_time: 0.0001506805419921875,
    ip: '127.0.0.1',
    port: 5986,
    hotkey: MINER,
  }

  test("is a real axon's", () => {
    const ok = captured.axon_responses.ok!
    // the request of this answer: what the axon put in is taken out again
    const asked = ok.body
      .replace('"hi Oslo"', 'null')
      .replace(/"status_code":200,"status_message":"Success"/, '')
    expect(answerBody(parsed(asked.replace(/"axon":\{,/, '"axon":{')), { answer: 'hi Oslo' }, axon)).toBe(
      ok.body,
    )
  })

  test('adds fields that were not there, and keeps the others as they were written', () => {
    const request = parsed('{"nonce":1795694573187193292, "x": 1.0}')
    const answer = new EncodedMap(encodeValue({ bytes: Buffer.from('a'), more: [1] }))
    expect(answerBody(request, answer, {})).toMatch(
      /^\{"nonce":1795694573187193292,"x":1\.0,"bytes":"YQ==","more":\[1\],"axon":\{.*\}\}$/,
    )
  })

  test('refuses what JSON has no form for', () => {
    expect(() => answerBody(parsed('{}'), { a: [Number.NaN] }, {})).toThrow('answer.a[0]: JSON has no NaN')
  })
})
